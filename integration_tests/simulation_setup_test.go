package integration_tests_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// In the profile setup other users of the account change what it can see and
// do, and Qualtrics answers in forms that it has shown elsewhere: refusals,
// renamed, closed and withdrawn surveys, lists without their elements, records
// that cannot be read.

// inSetup is how likely a class is in that profile, where it differs.
var inSetup = map[string]int{
	"audits": 60, "named-streams": 0, "survey-deletions": 15, "many-responses": 5, "many-contacts": 2, "denied": 0, "outage": 5, "redirect": 0, "replay": 5,
	"some-states": 5, "end-states": 10, "doubt-reject-sort": 3, "planned": 30, "setup-too-large-504": 20, "dateless": 0, "clock": 5, "start-date": 15,
}

// percentInSetup is how likely a class is in that profile: faults are rare, so
// that a run mostly fails for what is drawn here.
func percentInSetup(class string, percent int, harmful bool) int {
	other, is := inSetup[class]
	switch {
	case is:
		return other
	case strings.HasPrefix(class, "setup-"):
		return 10
	case strings.HasPrefix(class, "select-"):
		return 40
	case harmful:
		return percent / 5
	default:
		return percent
	}
}

// setupEvent is something that begins before one step and ends before another.
type setupEvent struct {
	class        string
	begins, ends int
	// change is of the answers of an endpoint, for all objects. Where there is none,
	// begin makes the event happen, notes what it is about, and returns what ends it.
	change sandbox.Disturbance
	begin  func(h *simHistory, e *setupEvent) (end func())
	// incomplete are the streams that must not be complete while it lasts.
	incomplete []string
	// fails are the types of the failures that it causes, other than transient
	// ones, and says is a part of their message.
	fails []string
	says  string

	id  string // of the survey or directory that it is about; "": of all
	key string // of the response that it is about
	end func()
}

const (
	exportStarts = "POST /surveys/{id}/export-responses"
	never        = 1 << 30 // a step that does not come
)

var (
	byConfig = []string{"config_error"}
	bySystem = []string{"system_error"}
)

// setupEvents are the events that there are. Exports of more rows than given are
// too large.
func setupEvents(rows int) []setupEvent {
	answers := func(endpoint string, status int) sandbox.Disturbance {
		return sandbox.Disturbance{Endpoint: endpoint, Status: status}
	}
	lists := func(endpoint string, form sandbox.ListForm) sandbox.Disturbance {
		return sandbox.Disturbance{Endpoint: endpoint, List: form}
	}
	tooLarge := func(status int) sandbox.Disturbance {
		return sandbox.Disturbance{Endpoint: exportStarts, MoreRows: rows, Status: status}
	}
	refused := func(status int) func(*simHistory, *setupEvent) func() {
		return func(h *simHistory, e *setupEvent) func() {
			e.id = h.someSurvey()
			return h.disturb(sandbox.Disturbance{Endpoint: exportStarts, Object: e.id, Status: status})
		}
	}
	damaged := func(damage sandbox.RecordDamage) func(*simHistory, *setupEvent) func() {
		return func(h *simHistory, e *setupEvent) func() {
			e.key = h.someResponse()
			survey, id, _ := strings.Cut(e.key, "/")
			e.id = survey
			h.tenant.DamageResponse(id, damage)
			return func() { h.tenant.DamageResponse(id, sandbox.Undamaged) }
		}
	}
	hidden := func(class string, some func(*simHistory) string, restore func(*sandbox.Sandbox, string) bool) func(*simHistory, *setupEvent) func() {
		return func(h *simHistory, e *setupEvent) func() {
			e.id = some(h)
			hides[class](h.tenant, e.id)
			return func() { restore(h.tenant, e.id) }
		}
	}
	return []setupEvent{
		{class: "export-400", begin: refused(http.StatusBadRequest), incomplete: []string{"responses"}, fails: byConfig},
		{class: "export-403", begin: refused(http.StatusForbidden), fails: byConfig},
		{class: "export-404", begin: refused(http.StatusNotFound), incomplete: []string{"responses"}, fails: byConfig},
		{class: "exports-403", change: answers(exportStarts, http.StatusForbidden), incomplete: []string{"responses"}, fails: byConfig},
		{class: "too-large-413", change: tooLarge(http.StatusRequestEntityTooLarge), fails: bySystem, says: "Request Entity Too Large"},
		{class: "too-large-504", change: tooLarge(http.StatusGatewayTimeout)},
		{class: "schema-500", change: answers("GET /surveys/{id}/response-schema", http.StatusInternalServerError)},
		{class: "survey-500", change: answers("GET /surveys/{id}", http.StatusInternalServerError)},
		{class: "surveys-without-elements", change: lists("GET /surveys", sandbox.ListWithoutMember), incomplete: []string{"surveys", "responses"}},
		{class: "surveys-without-later-elements", change: sandbox.Disturbance{Endpoint: "GET /surveys", Page: sandbox.LaterPages, List: sandbox.ListWithoutMember}},
		{class: "surveys-by-position", change: lists("GET /surveys", sandbox.ListByPosition)},
		{class: "surveys-lack-an-id", change: lists("GET /surveys", sandbox.ListLacksOneID), incomplete: []string{"surveys", "responses"}},
		{class: "directories-without-elements", change: lists("GET /directories", sandbox.ListWithoutMember), incomplete: []string{"contacts"}},
		{class: "contacts-without-elements", change: lists("GET /directories/{id}/contacts", sandbox.ListWithoutMember)},
		{class: "search-without-elements", change: lists("POST /directories/{id}/contacts/search", sandbox.ListWithoutMember)},
		{class: "contacts-by-position", change: lists("GET /directories/{id}/contacts", sandbox.ListByPosition)},
		{class: "record-without-id", begin: damaged(sandbox.RecordWithoutID), fails: bySystem, says: "it has no responseId"},
		{class: "record-no-json", begin: damaged(sandbox.RecordNotJSON), fails: bySystem, says: "the data is not JSON"},
		{class: "record-control", begin: damaged(sandbox.RecordWithControl)},
		{class: "renamed", begin: func(h *simHistory, e *setupEvent) func() {
			id, name := h.someSurveyNamed()
			e.id = id
			h.tenant.RenameSurvey(id, "left "+id)
			return func() { h.tenant.RenameSurvey(id, name) }
		}},
		{class: "closed", begin: func(h *simHistory, e *setupEvent) func() {
			e.id = h.someSurvey()
			h.tenant.CloseSurvey(e.id)
			return func() { h.tenant.ReopenSurvey(e.id) }
		}},
		{class: "withdrawn", begin: hidden("withdrawn", (*simHistory).someSurvey, (*sandbox.Sandbox).RestoreSurvey), fails: byConfig},
		{class: "unlisted", begin: hidden("unlisted", (*simHistory).someSurvey, (*sandbox.Sandbox).RestoreSurvey)},
		{class: "removed", begin: func(h *simHistory, e *setupEvent) func() {
			if e.id = h.someSurvey(); len(h.now("surveys")) > 1 {
				h.tenant.RemoveSurvey(e.id)
			}
			return func() {}
		}},
		{class: "directory-withdrawn", begin: hidden("directory-withdrawn", (*simHistory).someDirectory, (*sandbox.Sandbox).RestoreDirectory), fails: byConfig},
	}
}

// hides are the events of which the truth does not show the rows any more, though
// these exist.
var hides = map[string]func(*sandbox.Sandbox, string) bool{
	"withdrawn": (*sandbox.Sandbox).WithdrawSurvey, "unlisted": (*sandbox.Sandbox).UnlistSurvey, "directory-withdrawn": (*sandbox.Sandbox).WithdrawDirectory,
}

// drawSetup draws events, each by itself.
func (p *simPlan) drawSetup(d dice) {
	rows := d.between(4, 40)
	for _, one := range setupEvents(rows) {
		begins := d.IntN(8)
		ends := begins + 1 + d.IntN(4)
		if one.class == "record-control" {
			begins, ends = 0, never // nothing shows that a response got or lost these bytes
		}
		if d.on("setup-"+one.class, 0) {
			one.begins, one.ends = begins, ends
			p.events = append(p.events, one)
		}
	}
	if d.on("select-names", 0) {
		p.selection = map[string]any{"exclude": []string{"left *"}}
	} else if d.on("select-active", 0) {
		p.selection = map[string]any{"active_only": true}
	}
	p.skips = d.on("setup-skips-withdrawn", 0)
}

// disturb changes what an endpoint answers.
func (h *simHistory) disturb(disturbance sandbox.Disturbance) func() {
	lift, err := h.tenant.Disturb(disturbance)
	if err != nil {
		h.fail("simulator", "%v", err)
		return func() {}
	}
	return lift
}

func (h *simHistory) someSurvey() string {
	id, _ := h.someSurveyNamed()
	return id
}

func (h *simHistory) someSurveyNamed() (id, name string) {
	surveys, err := testkit.Truth(h.tenant, "surveys")
	if err != nil || len(surveys) == 0 {
		return "", ""
	}
	keys := sortedKeys(surveys)
	id = keys[h.chosen.IntN(len(keys))]
	columns, err := testkit.Members(surveys[id].Data)
	if err != nil {
		return id, ""
	}
	return id, testkit.Scalar(columns["name"])
}

func (h *simHistory) someResponse() string {
	keys := sortedKeys(h.now("responses"))
	if len(keys) == 0 {
		return ""
	}
	return keys[h.chosen.IntN(len(keys))]
}

func (h *simHistory) someDirectory() string {
	contacts, err := testkit.Truth(h.tenant, "contacts")
	if err != nil || len(contacts) == 0 {
		return ""
	}
	id, _, _ := strings.Cut(sortedKeys(contacts)[0], "/")
	return id
}

// happen begins and ends the events of a step. Of two that change the answers of
// one endpoint the second one waits.
func (h *simHistory) happen(step int) {
	clear(h.existing)
	for i := range h.events {
		if one := &h.events[i]; one.end != nil && step >= one.ends {
			one.end()
			one.end, one.ends = nil, -1
		}
	}
	clear(h.existing)
	for i := range h.events {
		one := &h.events[i]
		if one.end != nil || step < one.begins || step >= one.ends || h.isChanged(one.change.Endpoint) {
			continue
		}
		if one.begin != nil {
			one.end = one.begin(h, one)
		} else {
			one.end = h.disturb(one.change)
		}
		clear(h.existing)
	}
}

func (h *simHistory) isChanged(endpoint string) bool {
	return endpoint != "" && slices.ContainsFunc(h.lasting(), func(e *setupEvent) bool { return e.change.Endpoint == endpoint })
}

// lasting are the events that are at work.
func (h *simHistory) lasting() (events []*setupEvent) {
	for i := range h.events {
		if h.events[i].end != nil {
			events = append(events, &h.events[i])
		}
	}
	return events
}

// everything is what exists, also where the account does not see it.
func (h *simHistory) everything(stream string) testkit.Table {
	var hidden []*setupEvent
	for _, event := range h.lasting() {
		if hides[event.class] != nil {
			hidden = append(hidden, event)
		}
	}
	if len(hidden) == 0 {
		return h.now(stream)
	}
	if h.existing["all "+stream] == nil {
		for _, event := range hidden {
			event.end()
		}
		h.existing["all "+stream] = h.look(stream)
		for _, event := range hidden {
			hides[event.class](h.tenant, event.id)
		}
	}
	return h.existing["all "+stream]
}

// isDamaged reports whether a response cannot be read from exports now.
func (h *simHistory) isDamaged(key string) bool {
	return slices.ContainsFunc(h.lasting(), func(e *setupEvent) bool { return e.key == key && e.fails != nil })
}

// lacksRecords reports whether the failure of a stream says that one survey lacks
// damaged records and that everything else is out.
func (h *simHistory) lacksRecords(message string) bool {
	return strings.HasPrefix(message, "1 of the stream's parts is not complete: ") && strings.Contains(message, "All others were delivered") &&
		h.accounts("system_error", message)
}

// deleted reports whether a survey does not exist any more.
func (h *simHistory) deleted(survey string) bool { return h.everything("surveys")[survey] == nil }

// accounts reports whether an event that is at work explains a failure.
func (h *simHistory) accounts(kind, message string) bool {
	if kind == "config_error" && strings.Contains(message, "the account's list is empty") {
		return len(h.now("surveys")) == 0 // all that are left are hidden
	}
	return slices.ContainsFunc(h.lasting(), func(e *setupEvent) bool {
		return slices.Contains(e.fails, kind) && strings.Contains(message, e.says) && strings.Contains(message, e.id)
	})
}

// checkSetup checks that a run does not call a stream complete of which it could
// not see a part (I11).
func (h *simHistory) checkSetup(run *simRun) {
	complete := make(map[string]bool)
	for _, line := range run.lines {
		if line.status != "" {
			complete[line.stream] = line.status == "COMPLETE"
		}
	}
	for _, event := range h.lasting() {
		for _, stream := range event.incomplete {
			if complete[stream] && h.concerned(run, event) {
				h.fail("I11", "%s is complete while %s %s", stream, event.class, event.id)
			}
		}
		if event.class == "withdrawn" {
			h.checkWithdrawn(run, event, complete["responses"])
		}
	}
	h.checkTooLarge(run)
}

// checkTooLarge checks that exports that are too large are read in parts. More than
// some rows of one second, and a list of ids, have no parts.
func (h *simHistory) checkTooLarge(run *simRun) {
	const ofOneSecond = 10
	for _, event := range h.lasting() {
		if event.change.MoreRows <= ofOneSecond {
			continue
		}
		for _, line := range run.lines {
			if line.failure != "" && strings.Contains(line.log, "("+http.StatusText(event.change.Status)+")") && !strings.Contains(line.log, "listing the ids of its responses in one export") {
				h.fail("I10", "exports of more than %d rows are too large, and the run is told: %s", event.change.MoreRows, line.log)
			}
		}
	}
}

// checkWithdrawn checks that a survey that was read before and that the account
// does not see any more is named, and leaves the run incomplete unless the
// configuration says that this is meant.
func (h *simHistory) checkWithdrawn(run *simRun, event *setupEvent, complete bool) {
	if !run.knows("responses", event.id) || len(h.selection) > 0 && !run.begun["responses"].partitions[event.id].chosen() {
		return // it was not read, or the selection did not hold it
	}
	named := false
	for _, line := range run.lines {
		if !strings.Contains(line.log, event.id) {
			continue
		}
		if named = true; strings.Contains(line.log, "for 30 days") {
			return // it is forgotten, which ends the failures
		}
	}
	if complete && (!h.skips || !named) || run.code == 0 && !h.skips {
		h.fail("I11", "code %d, and responses are complete: %t, while %s is withdrawn (named: %t)", run.code, complete, event.id, named)
	}
}

// knows reports whether the state that a run was given has read a survey.
func (r *simRun) knows(stream, survey string) bool {
	state := r.begun[stream]
	return state != nil && state.partitions[survey].Watermark != 0
}

// leaves reports whether a run has to read a survey once more: the selection held
// it when it was read last, and does not hold it any more.
func (h *simHistory) leaves(run *simRun, stream, survey string) bool {
	return run.knows(stream, survey) && run.begun[stream].partitions[survey].chosen() && !h.selects(stream, survey)
}

// checkLeavers checks that a survey that left the selection told its new values
// when the list was complete.
func (h *simHistory) checkLeavers(run *simRun, complete bool) {
	begun := run.begun["surveys"]
	if !complete || begun == nil {
		return
	}
	list := begun.partitions[""]
	told := maps.Clone(h.platform.tables["surveys"])
	for _, line := range run.lines {
		if line.record != nil && line.stream == "surveys" {
			told.Put(line.record)
		}
	}
	for id, want := range run.visible["surveys"] {
		hash := list.Surveys[id]
		switch {
		case !list.chosen(), hash == "", strings.HasPrefix(hash, "-"), h.selects("surveys", id), h.changed("surveys", want):
		case told[id] == nil || told[id].Deleted:
			h.fail("I11", "surveys is complete and %s, which left the selection, is not out", id)
		default:
			if found := h.compare.Difference("surveys", want, told[id]); found != "" {
				h.fail("I11", "surveys is complete and %s, which left the selection: %s", id, found)
			}
		}
	}
}

// concerned reports whether a run has to meet an event: it is about something
// that exists and is selected, and that the run had to ask for.
func (h *simHistory) concerned(run *simRun, event *setupEvent) bool {
	switch {
	case strings.HasPrefix(event.class, "export"):
		if h.planned {
			return false // it may be no survey's turn
		}
		for id := range run.visible["surveys"] {
			if (event.id == "" || event.id == id) && !h.deleted(id) && (h.selects("responses", id) || h.leaves(run, "responses", id)) {
				return true
			}
		}
		return false
	case event.class == "surveys-lack-an-id":
		return len(run.visible["surveys"]) > 0
	case event.class == "directories-without-elements":
		return slices.Contains(run.streams, "contacts")
	default:
		return true
	}
}

// selects reports whether the configuration takes the survey of a row, as the
// survey is now.
func (h *simHistory) selects(stream, key string) bool {
	if len(h.selection) == 0 || stream == "contacts" {
		return true
	}
	id, _, _ := strings.Cut(key, "/")
	survey := h.now("surveys")[id]
	if survey == nil {
		return true
	}
	columns, err := testkit.Members(survey.Data)
	if err != nil {
		return true
	}
	if h.selection["active_only"] != nil {
		return testkit.Scalar(columns["is_active"]) == "1"
	}
	return !strings.HasPrefix(testkit.Scalar(columns["name"]), "left ")
}

// endEvents ends all that is still at work.
func (h *simHistory) endEvents() {
	for i := range h.events {
		if one := &h.events[i]; one.end != nil && one.ends != never {
			one.end()
			one.end = nil
		}
	}
	clear(h.existing)
}

func (e *setupEvent) String() string {
	return fmt.Sprintf("%s %s [%d,%d)", e.class, e.id, e.begins, e.ends)
}
