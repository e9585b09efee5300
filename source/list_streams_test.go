package source_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// desk answers the calls for lists of the directory and of the account, in place of the
// tenant.
type desk struct {
	mu      sync.Mutex
	lists   map[string][]object // by path
	refused map[string]int      // paths that are answered with a status
	calls   map[string]int      // by path
}

// idNames are the members that are ids of objects.
var idNames = []string{"directoryId", "mailingListId", "contactId", "id"}

func idOf(of object) string {
	for _, name := range idNames {
		if id, ok := of[name].(string); ok {
			return id
		}
	}
	return ""
}

// withLists puts lists in front of the tenant.
func (tn *tenant) withLists(lists map[string][]object) *desk {
	d := &desk{lists: lists, refused: make(map[string]int), calls: make(map[string]int)}
	next := tn.transport
	tn.transport = tripper(func(r *http.Request) (*http.Response, error) {
		if response := d.answer(r); response != nil {
			response.Header.Set("Date", tn.Now().UTC().Format(http.TimeFormat))
			return response, nil
		}
		return next.RoundTrip(r)
	})
	return d
}

func (d *desk) answer(r *http.Request) *http.Response {
	at := strings.TrimPrefix(r.URL.Path, "/API/v3")
	if !strings.HasPrefix(at, "/directories") && !strings.HasPrefix(at, "/users") {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls[at]++
	if status := d.refused[at]; status != 0 {
		return answer(r, status, errorBody(status, "QMST_2.1", "no"))
	}
	if all, ok := d.lists[at]; ok {
		const pageSize = 2
		from, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		to := min(from+pageSize, len(all))
		page := object{"elements": append([]object{}, all[min(from, to):to]...), "nextPage": nil}
		if to < len(all) {
			page["nextPage"] = fmt.Sprintf("https://sandbox1.qualtrics.com%s?offset=%d", r.URL.Path, to)
		}
		return result200(r, page)
	}
	for _, each := range d.lists[path.Dir(at)] {
		if idOf(each) == path.Base(at) {
			return result200(r, each)
		}
	}
	return answer(r, 404, errorBody(404, "UNF_9", "Resource not found"))
}

func result200(r *http.Request, result any) *http.Response {
	encoded, _ := json.Marshal(object{"result": result, "meta": object{"httpStatus": "200 - OK", "requestId": "r-1"}})
	return answer(r, 200, string(encoded))
}

const (
	listsPath  = "/directories/POOL_1/mailinglists"
	peoplePath = listsPath + "/CG_1/contacts"
	guestsPath = listsPath + "/CG_2/contacts"
)

// someLists are a directory with two mailing lists, another without any, and users.
func someLists() map[string][]object {
	return map[string][]object{
		"/directories": {
			{"directoryId": "POOL_1", "name": "People", "contactCount": 3, "isDefault": true, "deduplicationCriteria": object{"email": true}},
			{"directoryId": "POOL_2", "name": nil, "contactCount": 0, "isDefault": false},
		},
		"/directories/POOL_1/contacts": {{"contactId": "CID_1"}}, "/directories/POOL_2/contacts": {},
		listsPath: {
			{"mailingListId": "CG_1", "name": "Newsletter", "ownerId": "UR_1", "creationDate": 1768478400000, "lastModifiedDate": 1768482000000, "contactCount": 3},
			{"mailingListId": "CG_2", "name": "Guests", "ownerId": "UR_2", "creationDate": 1768478400000, "lastModifiedDate": 1768482000000, "contactCount": 1},
		},
		"/directories/POOL_2/mailinglists": {},
		peoplePath: {
			{"contactId": "CID_1", "contactLookupId": "CGC_1", "firstName": "Ada", "email": "ada@example.com", "unsubscribed": false, "mailingListUnsubscribed": false},
			{"contactId": "CID_2", "contactLookupId": "CGC_2", "extRef": "e-2", "language": "fr", "unsubscribed": true, "mailingListUnsubscribed": true},
			{"contactId": "CID_3", "contactLookupId": "CGC_3", "phone": "+1"},
		},
		guestsPath: {{"contactId": "CID_1", "contactLookupId": "MLRP_1", "firstName": "Ada"}},
		"/users": {
			{"id": "UR_1", "divisionId": nil, "username": "ada#brand", "firstName": "Ada", "lastName": "L", "userType": "UT_BRANDADMIN", "email": "ada@example.com", "accountStatus": "active"},
			{"id": "UR_2", "divisionId": "DV_1", "username": "bob#brand", "accountStatus": "disabled"},
			{"id": "URH_3", "username": "eve#brand", "accountStatus": "notVerified"},
		},
	}
}

// change replaces an object of a list; nil takes it away.
func (d *desk) change(list, id string, by object) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := slices.IndexFunc(d.lists[list], func(o object) bool { return idOf(o) == id })
	switch {
	case by == nil:
		d.lists[list] = slices.Delete(d.lists[list], at, at+1)
	case at < 0:
		d.lists[list] = append(d.lists[list], by)
	default:
		d.lists[list][at] = by
	}
}

// shownRows are rows in a short form: their members that are not null, but for the cursors of reads.
func shownRows(rows []map[string]any) []string {
	var lines []string
	for _, row := range rows {
		short := make(map[string]any)
		for name, value := range row {
			if value != nil && name != "last_modified" && name != "_airbyte_meta" {
				short[name] = value
			}
		}
		if at := row["deleted_at"]; at != nil && at == row["_ab_cdc_deleted_at"] {
			short["_ab_cdc_deleted_at"] = "then"
			delete(short, "deleted_at")
			if at == short["last_modified_date"] {
				delete(short, "last_modified_date")
			}
		}
		encoded, _ := json.Marshal(short)
		lines = append(lines, string(encoded))
	}
	slices.Sort(lines)
	return lines
}

// gone begins a row that reports a deletion.
const gone = `{"_ab_cdc_deleted_at":"then",`

func TestRead_ListsAreReadAndThenOnlyTheirChanges(t *testing.T) {
	dates := `"creation_date":"2026-01-15T12:00:00Z",`
	for stream, test := range map[string]struct {
		first, second []string
		change        func(d *desk)
	}{
		"directories": {
			[]string{
				`{"contact_count":0,"directory_id":"POOL_2","is_default":false}`,
				`{"contact_count":3,"deduplication_criteria":{"email":true},"directory_id":"POOL_1","is_default":true,"name":"People"}`,
			},
			[]string{gone + `"directory_id":"POOL_2"}`, `{"contact_count":4,"directory_id":"POOL_1","is_default":true}`, `{"directory_id":"POOL_3","name":"New"}`},
			func(d *desk) {
				d.change("/directories", "POOL_2", nil)
				delete(d.lists, "/directories/POOL_2/contacts")
				d.change("/directories", "POOL_1", object{"directoryId": "POOL_1", "contactCount": "4", "isDefault": true})
				d.change("/directories", "POOL_3", object{"directoryId": "POOL_3", "name": "New"})
			},
		},
		"mailing_lists": {
			[]string{
				`{"contact_count":1,` + dates + `"directory_id":"POOL_1","last_modified_date":"2026-01-15T13:00:00Z","mailing_list_id":"CG_2","name":"Guests","owner_id":"UR_2"}`,
				`{"contact_count":3,` + dates + `"directory_id":"POOL_1","last_modified_date":"2026-01-15T13:00:00Z","mailing_list_id":"CG_1","name":"Newsletter","owner_id":"UR_1"}`,
			},
			[]string{
				gone + `"directory_id":"POOL_1","mailing_list_id":"CG_2"}`, `{"directory_id":"POOL_1","last_modified_date":"2026-01-15T14:00:00Z","mailing_list_id":"CG_1","name":"News"}`,
				`{"directory_id":"POOL_2","last_modified_date":"2026-01-15T14:00:00Z","mailing_list_id":"CG_3"}`,
			},
			func(d *desk) {
				d.change(listsPath, "CG_2", nil)
				d.change(listsPath, "CG_1", object{"mailingListId": "CG_1", "name": "News", "lastModifiedDate": "2026-01-15 14:00:00"})
				d.change("/directories/POOL_2/mailinglists", "CG_3", object{"mailingListId": "CG_3", "lastModifiedDate": "2026-01-15T14:00:00Z"})
			},
		},
		"mailing_list_memberships": {
			[]string{
				`{"contact_id":"CID_1","contact_lookup_id":"CGC_1","directory_id":"POOL_1","email":"ada@example.com","first_name":"Ada","mailing_list_id":"CG_1","mailing_list_unsubscribed":false,"unsubscribed":false}`,
				`{"contact_id":"CID_1","contact_lookup_id":"MLRP_1","directory_id":"POOL_1","first_name":"Ada","mailing_list_id":"CG_2"}`,
				`{"contact_id":"CID_2","contact_lookup_id":"CGC_2","directory_id":"POOL_1","ext_ref":"e-2","language":"fr","mailing_list_id":"CG_1","mailing_list_unsubscribed":true,"unsubscribed":true}`,
				`{"contact_id":"CID_3","contact_lookup_id":"CGC_3","directory_id":"POOL_1","mailing_list_id":"CG_1","phone":"+1"}`,
			},
			[]string{
				gone + `"contact_id":"CID_1","directory_id":"POOL_1","mailing_list_id":"CG_2"}`, gone + `"contact_id":"CID_3","directory_id":"POOL_1","mailing_list_id":"CG_1"}`,
				`{"contact_id":"CID_2","directory_id":"POOL_1","directory_unsubscribe_date":"2026-01-15T13:00:00Z","mailing_list_id":"CG_1","mailing_list_unsubscribe_date":"2026-01-15T12:00:00Z"}`,
				`{"contact_id":"CID_4","directory_id":"POOL_1","mailing_list_id":"CG_1"}`,
			},
			func(d *desk) {
				d.change(listsPath, "CG_2", nil) // and with it its membership
				delete(d.lists, guestsPath)
				d.change(peoplePath, "CID_3", nil)
				d.change(peoplePath, "CID_2", object{"contactId": "CID_2", "directoryUnsubscribeDate": "2026-01-15T13:00:00Z", "mailingListUnsubscribeDate": 1768478400000})
				d.change(peoplePath, "CID_4", object{"contactId": "CID_4"})
			},
		},
		"users": {
			[]string{
				`{"account_status":"active","email":"ada@example.com","first_name":"Ada","last_name":"L","user_id":"UR_1","user_type":"UT_BRANDADMIN","username":"ada#brand"}`,
				`{"account_status":"disabled","division_id":"DV_1","user_id":"UR_2","username":"bob#brand"}`,
				`{"account_status":"notVerified","user_id":"URH_3","username":"eve#brand"}`,
			},
			[]string{gone + `"user_id":"UR_2"}`, `{"account_status":"active","user_id":"URH_3","username":"eve#brand"}`, `{"user_id":"UR_4"}`},
			func(d *desk) {
				d.change("/users", "UR_2", nil)
				d.change("/users", "URH_3", object{"id": "URH_3", "username": "eve#brand", "accountStatus": "active"})
				d.change("/users", "UR_4", object{"id": "UR_4"})
			},
		},
	} {
		t.Run(stream, func(t *testing.T) {
			insideBubble(t, func(t *testing.T) {
				tn := newTenant(t, small)
				d := tn.withLists(someLists())
				first := tn.readComplete(t, nil, stream)
				if diff := cmp.Diff(test.first, shownRows(first.records[stream])); diff != "" {
					t.Errorf("first read (-want +got):\n%s", diff)
				}
				for _, row := range first.records[stream] {
					if at, ok := row["last_modified"].(string); ok && at < tn.Now().Add(-time.Minute).UTC().Format(time.RFC3339) {
						t.Errorf("the cursor %s is not that of the read", at)
					}
				}
				tn.Advance(time.Hour, true)
				again := tn.readComplete(t, first.states, stream)
				if again.count() > 0 {
					t.Errorf("a read without changes emitted %v", again.records)
				}
				test.change(d)
				tn.Advance(time.Hour, true)
				second := tn.readComplete(t, again.states, stream)
				tn.Advance(time.Hour, true)
				confirmed := tn.readComplete(t, second.states, stream) // what the second one did not find
				second.records[stream] = append(second.records[stream], confirmed.records[stream]...)
				if diff := cmp.Diff(test.second, shownRows(second.records[stream])); diff != "" {
					t.Errorf("second read (-want +got):\n%s", diff)
				}
				for at := range d.calls {
					if strings.Contains(at, "apitoken") {
						t.Errorf("%s was called, which answers with a secret", at)
					}
				}
				if third := tn.readComplete(t, confirmed.states, stream); third.count() > 0 {
					t.Errorf("a read without changes emitted %v", third.records)
				}
			})
		})
	}
}

// Streams with the same parents share the calls that list these.
func TestRead_ListsOfParentsAreReadOncePerRun(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		d := tn.withLists(someLists())
		tn.readComplete(t, nil, "directories", "mailing_lists", "mailing_list_memberships")
		if d.calls["/directories"] != 1 || d.calls[listsPath] != 1 || d.calls[peoplePath] != 4 { // two pages, twice
			t.Errorf("got the calls %v, want one for each list of one page", d.calls)
		}
	})
}

// The configuration's directories hold for the lists below them, too.
func TestRead_ListsFollowTheSelectionOfDirectories(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		d := tn.withLists(someLists())
		tn.config["directories"] = []string{"POOL_2"}
		r := tn.readComplete(t, nil, "directories", "mailing_lists", "mailing_list_memberships")
		if len(r.records["directories"]) != 1 || len(r.records["mailing_lists"])+len(r.records["mailing_list_memberships"]) > 0 || d.calls[listsPath] > 0 {
			t.Errorf("got %v, want directory POOL_2 only", r.records)
		}
		tn.config["directories"] = []string{"POOL_1", "POOL_9"}
		r = tn.read(t, r.states, "mailing_lists", "mailing_list_memberships")
		if len(r.records["mailing_lists"]) != 2 || len(r.records["mailing_list_memberships"]) != 4 || r.code != 4 || len(r.errors) != 2 || !strings.Contains(r.errors[0].message, "POOL_9") {
			t.Errorf("got exit code %d, %v and %v, want the lists of POOL_1 and a failure that names POOL_9", r.code, r.records, r.errors)
		}
	})
}

// Each share of a sharded connection has its own directories and users, and no two have the same.
func TestRead_ListsAreSharedOut(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		seen := make(map[string]int)
		for index := range 3 {
			tn := newTenant(t, small)
			tn.withLists(someLists())
			tn.config["shard"] = map[string]any{"index": index, "count": 3}
			r := tn.readComplete(t, nil, "directories", "mailing_lists", "mailing_list_memberships", "users")
			for stream, rows := range r.records {
				for _, row := range shownRows(rows) {
					seen[stream+row]++
				}
			}
		}
		if len(seen) != 2+2+4+3 {
			t.Errorf("the shares have %d rows: %v", len(seen), seen)
		}
		for row, times := range seen {
			if times != 1 {
				t.Errorf("%d shares read %s", times, row)
			}
		}
	})
}

// A list that is refused does not stop the others.
func TestRead_AListThatIsRefusedIsIncompleteByItself(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		d := tn.withLists(someLists())
		d.refused[guestsPath], d.refused["/users"] = 403, 403
		r := tn.read(t, nil, "mailing_lists", "mailing_list_memberships", "users")
		want := map[string]string{"mailing_lists": "COMPLETE", "mailing_list_memberships": "INCOMPLETE", "users": "INCOMPLETE"}
		for stream, status := range want {
			if r.statuses[stream] != status {
				t.Errorf("%s is %s, want %s", stream, r.statuses[stream], status)
			}
		}
		if len(r.records["mailing_list_memberships"]) != 3 || r.code != 4 {
			t.Errorf("got exit code %d and %v, want the memberships of the other list", r.code, r.records)
		}
		for _, failure := range r.errors {
			if failure.kind != "config_error" {
				t.Errorf("got %v, want configuration errors", r.errors)
			}
		}
		delete(d.refused, guestsPath)
		if r = tn.readComplete(t, r.states, "mailing_lists", "mailing_list_memberships"); len(r.records["mailing_list_memberships"]) != 1 {
			t.Errorf("got %v, want the membership that was missing", r.records)
		}
	})
}

// Without a choice of streams, those that the account cannot read are left out, and users always.
func TestExport_LeavesOutListsThatTheAccountMayNotReadAndUsers(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, small)
		d := tn.withLists(someLists())
		d.refused[listsPath] = 403
		got := tn.run(t, "tap", "--config", "config.json", "--test=all")
		if got.code != 0 {
			t.Fatalf("code %d: %s", got.code, got.stderr)
		}
		for stream, want := range map[string]bool{"directories": true, "surveys": true, "mailing_lists": false, "mailing_list_memberships": false, "users": false} {
			if read := strings.Contains(got.stdout, `"stream":"`+stream+`"`); read != want {
				t.Errorf("%s is read by default: %t, want %t", stream, read, want)
			}
		}
		if d.calls["/users"] > 0 {
			t.Error("users were asked for")
		}
		ok, message := status(t, tn.run(t, "check", "--config", "config.json"))
		if want := "these streams cannot be read: mailing_list_memberships, mailing_lists, because Qualtrics does not allow this account to list the mailing lists of a directory"; !ok || !strings.Contains(message, want) {
			t.Errorf("got %t and %q, want a success that says %q", ok, message, want)
		}
	})
}

// Streams that few need, or that few may read, are offered and not selected.
func TestTap_ACatalogSelectsTheStreamsThatAreReadByDefault(t *testing.T) {
	onRequest := append([]string{"users", "answers", "feedback", "response_embedded_data", "response_files", "responses_in_progress", "survey_translations"}, structureStreams...)
	tn := newTenant(t, small)
	got := tn.run(t, "tap", "--config", "config.json", "--discover")
	var catalog struct {
		Streams []struct {
			Stream   string
			Metadata []struct {
				Breadcrumb []string
				Metadata   map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &catalog); err != nil {
		t.Fatal(err)
	}
	for _, s := range catalog.Streams {
		for _, m := range s.Metadata {
			if len(m.Breadcrumb) == 0 && m.Metadata["selected-by-default"] == slices.Contains(onRequest, s.Stream) {
				t.Errorf("%s is selected by default: %v", s.Stream, m.Metadata["selected-by-default"])
			}
		}
	}
}
