package sandbox

import (
	"cmp"
	"sync"
	"time"
)

// world holds the data of the simulated tenant. It depends on the seed and
// changes in advance only. Surveys, base responses and base contacts are
// functions of the seed and an index. So a large tenant needs memory for
// changes only. Methods are safe for concurrent use.
type world struct {
	seed  uint64
	epoch time.Time
	doubt Doubt
	clock func() time.Time // of the server; nil: always past all dates
	scale worldOptions
	kinds []*blueprint
	blank *blueprint // for surveys without questions

	surveyIDs, responseIDs, sessionIDs identifiers
	contactIDs, listIDs, lookupIDs     identifiers

	mutex    sync.RWMutex
	surveys  []*survey // by index, deleted ones included
	byID     map[string]*survey
	pools    []*directory // fixed after newWorld, removed directories included
	people   *users
	lacking  map[Right]bool // rights that the account does not have
	pending  []pendingChange
	advances uint64
	activity activity

	lostFiles map[string]bool // ids of uploaded files without content
}

// activity scales the rates of changes.
type activity struct{ responses, contacts, surveys float64 }

// worldOptions sets the size of a world.
type worldOptions struct {
	Seed      uint64
	Surveys   int       // number of surveys
	Responses int       // total over all surveys; the first has about half of them
	Contacts  int       // total over the directories
	Epoch     time.Time // the date at the start; all history is earlier
	Doubt     Doubt

	LateMost     time.Duration // 0 means ten minutes
	Lag          time.Duration // see Options
	KeepSurveys  int           // 0 means 20
	KeepContacts bool

	SmallSurveys bool // with few questions
	Personal     bool // with questions and fields for personal data
	OddFields    bool // see Options
	Users        int  // number of users; 0 means 30
	Without      []Right
}

// account is the owner of the credentials (API §1.5).
type account struct {
	BrandID, UserID, UserName, AccountType, FirstName, LastName, Email string
}

func newWorld(o worldOptions) *world {
	w := &world{
		seed: o.Seed, epoch: o.Epoch.UTC().Truncate(time.Second), doubt: o.Doubt, scale: o,
		kinds:       blueprints(),
		blank:       &blueprint{languages: []string{"EN"}, questions: []question{{appendages: true}}},
		surveyIDs:   newIdentifiers("SV_", o.Seed, kindSurveyID),
		responseIDs: newIdentifiers("R_", o.Seed, kindResponseID),
		sessionIDs:  newIdentifiers("FS_", o.Seed, kindSession),
		contactIDs:  newIdentifiers("CID_", o.Seed, kindContactID),
		listIDs:     newIdentifiers("CG_", o.Seed, kindListID),
		lookupIDs:   newIdentifiers("CGC_", o.Seed, kindLookupID),
		byID:        make(map[string]*survey, o.Surveys),
		activity:    activity{1, 1, 1},
	}
	if o.OddFields {
		w.kinds = oddBlueprints()
	}
	if o.SmallSurveys {
		w.kinds = small(w.kinds)
	}
	if o.Personal {
		w.kinds = personalBlueprints()
	}
	w.scale.LateMost = cmp.Or(o.LateMost, time.Duration(lateMost)*time.Millisecond)
	w.scale.KeepSurveys = cmp.Or(o.KeepSurveys, 20)
	w.pools = newDirectories(w, o.Contacts)
	w.people = newUsers(w, cmp.Or(o.Users, 30))
	w.lacking = make(map[Right]bool)
	for _, right := range o.Without {
		w.lacking[right] = true
	}
	counts := spread(o.Responses, o.Surveys)
	for i, count := range counts {
		w.addSurvey(i, count)
	}
	if o.Surveys >= 20 {
		// Shared through a group: it can be read by its id, but is not listed
		// (API §2.1).
		w.addSurvey(o.Surveys, 7).shared = true
	}
	return w
}

func (w *world) addSurvey(index, responses int) *survey {
	s := newSurvey(w, index, responses)
	w.surveys = append(w.surveys, s)
	w.byID[s.ident] = s
	return s
}

// isEmpty reports whether a survey never gets a response.
func isEmpty(index int) bool { return index%11 == 9 }

// spread divides the responses among the surveys. The first survey gets half.
// The others share the rest in the ratio 1, 1/2, 1/3 …, and every eleventh gets
// none.
func spread(total, surveys int) []int {
	if surveys <= 0 {
		return nil
	}
	counts := make([]int, surveys)
	var weights float64
	for i := 1; i < surveys; i++ {
		if !isEmpty(i) {
			weights += 1 / float64(i)
		}
	}
	left := total
	for i := 1; i < surveys; i++ {
		if !isEmpty(i) {
			counts[i] = int(float64(total) / 2 / float64(i) / weights)
			left -= counts[i]
		}
	}
	counts[0] = left
	return counts
}

func (w *world) brandID() string { return "sandboxbrand" }

func (w *world) userID(n int) string {
	return "UR_" + token(idDigits, w.seed, kindUserID, uint64(n))
}

func (w *world) account() account {
	return account{
		BrandID: w.brandID(), UserID: w.userID(0), UserName: "connector#" + w.brandID(),
		AccountType: "UT_BRANDADMIN", FirstName: "Aldra", LastName: "Ashbrindle", Email: "connector@example.com",
	}
}

// listed returns the surveys that the account lists, in list order.
func (w *world) listed() []*survey {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	return w.listedLocked()
}

func (w *world) listedLocked() []*survey {
	var all []*survey
	for _, s := range w.surveys {
		if !s.deleted && !s.shared && !s.withdrawn {
			all = append(all, s)
		}
	}
	return all
}

// survey returns an existing survey, listed or not.
func (w *world) survey(id string) (*survey, bool) {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	s, ok := w.byID[id]
	return s, ok && !s.deleted
}
