package sandbox

import (
	"fmt"
	"strings"
	"time"
)

// survey is one survey of the tenant. The fields above the blank line never
// change. The world's mutex guards the others.
type survey struct {
	world      *world
	index      int
	ident      string
	kind       *blueprint
	created    int64 // Unix seconds
	exportable bool
	legible    bool

	title     string
	owner     string
	modified  int64 // Unix seconds
	active    bool
	deleted   bool
	shared    bool // reachable but not listed
	withdrawn bool // neither reachable nor listed for the account
	responses overlay
	edited    *questionnaire // nil until a question is edited
	editions  []*edition     // append-only, by time
	edits     uint64         // number of edits so far; the next edit depends on it
	changes   uint64         // the same of edits beside the questions

	arrangements uint64            // the same of edits of a survey in the field
	torn         map[int]time.Time // time at which an export omitted the response with this index
}

// In a large tenant one survey in 37 can be viewed but not exported. One survey
// cannot be read. The first ten have no restriction.
const (
	viewOnlyEvery  = 37
	viewOnlyOffset = 17
	unreadable     = 33
)

func newSurvey(w *world, index, responses int) *survey {
	r := newRandom(w.seed, kindSurvey, uint64(index))
	s := &survey{
		world: w, index: index, ident: w.surveyIDs.format(0, index),
		owner: w.userID(r.intn(1 + index%3)), kind: w.kinds[index%len(w.kinds)],
		title: surveyName(index), active: index%8 != 7,
		exportable: w.scale.Surveys < 20 || index%viewOnlyEvery != viewOnlyOffset,
		legible:    w.scale.Surveys < 40 || index != unreadable,
	}
	if isEmpty(index) && index >= 20 {
		s.kind = w.blank
	}
	now := w.epoch.Unix()
	age := int64(r.between(90, 1400)) * 24 * 3600
	s.created = now - age - r.span(24*3600)
	s.modified = s.created + r.span(age)
	s.responses = overlay{generated: -1, history: history{
		key:   hash(w.seed, kindResponse, uint64(index)),
		count: responses,
		start: s.created*second + 8*day,
		end:   now*second - 5*60*second,
	}}
	if !s.active {
		s.responses.history.end -= age / 3 * second
	}
	if responses > 0 {
		s.touch(s.responses.history.modified(responses - 1))
	}
	s.responses.deleted = s.responses.history.goneBefore()
	if s.active && responses > 0 {
		for n := range 1 + r.intn(4) {
			s.responses.sessions = append(s.responses.sessions, session{
				number: n, start: now - int64(r.between(60, 72*3600)), progress: uint8(r.between(5, 90)),
			})
			s.responses.opened++
		}
	}
	return s
}

// surveyName returns the first name of a survey. Names are free text in
// Qualtrics, so they include path separators, markup, quotes and duplicates.
func surveyName(index int) string {
	hostile := []string{
		"Relationship survey", "Q1/Q2 pulse / EMEA", "Customer \"voice\" 😀 survey", "../../etc/passwd", "con",
		strings.Repeat("A very long name of a survey that nobody ever shortened ", 6), "Anonymous feedback (staff)",
		"Product feedback", "Product feedback", "C:\\temp\\poll?*<b>|.zip",
		"Über-Umfrage: Größe & Maß", "  spaces at both ends  ", "満足度調査", "50% off; rm -rf ~", "a\tb",
	}
	if index < len(hostile) {
		return hostile[index]
	}
	themes := []string{"Customer satisfaction", "Onboarding", "Event feedback", "Website exit", "Support follow-up"}
	return fmt.Sprintf("%s %d", themes[index%len(themes)], index)
}

func (s *survey) id() string { return s.ident }

func (s *survey) name() string {
	s.world.mutex.RLock()
	defer s.world.mutex.RUnlock()
	return s.title
}

// canExport returns false if the account cannot export the responses of the
// survey.
func (s *survey) canExport() bool { return s.exportable && s.legible }

// readable returns false if every call that names the survey is forbidden.
func (s *survey) readable() bool {
	s.world.mutex.RLock()
	defer s.world.mutex.RUnlock()
	return s.legible && !s.withdrawn
}

func (s *survey) languages() []string {
	var codes []string
	for _, l := range s.questionnaire().languages {
		codes = append(codes, l.code)
	}
	return codes
}

// responseCount returns the number of responses in an export of the whole
// survey.
func (s *survey) responseCount() int {
	s.world.mutex.RLock()
	defer s.world.mutex.RUnlock()
	return s.responses.visible()
}

// listElement returns an element of GET /surveys (API §2.1).
func (s *survey) listElement() any {
	s.world.mutex.RLock()
	defer s.world.mutex.RUnlock()
	return struct {
		ID           string `json:"id"`
		Name         string `json:"name"`
		OwnerID      string `json:"ownerId"`
		LastModified string `json:"lastModified"`
		CreationDate string `json:"creationDate"`
		IsActive     bool   `json:"isActive"`
	}{s.ident, s.title, s.owner, isoSeconds(s.modified), isoSeconds(s.created), s.active}
}

// response returns a single response as in an export without Sort.
func (s *survey) response(id string, now time.Time) (body []byte, found bool) {
	owner, index, ok := s.world.responseIDs.parse(id)
	if !ok || owner != s.index {
		return nil, false
	}
	s.world.mutex.RLock()
	f, visible := s.responses.current(index)
	missed, torn := s.torn[index]
	s.world.mutex.RUnlock()
	if !visible || (torn && now.Sub(missed) < s.world.scale.Lag) {
		return nil, false
	}
	record := newRecord(s, exportQuery{})
	record.at = now.UnixMilli()
	return record.json(f), true
}
