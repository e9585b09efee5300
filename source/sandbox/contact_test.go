package sandbox

import (
	"encoding/json"
	"runtime"
	"slices"
	"testing"
	"time"
)

func contactsOf(d *directory) (all []*contact) {
	for c := range d.contacts() {
		all = append(all, c)
	}
	return all
}

func TestContacts_AreFoundByTheirID(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Contacts: 400})
	if len(w.directories()) != 2 {
		t.Fatalf("got %d directories, want 2", len(w.directories()))
	}
	for _, d := range w.directories() {
		if found, ok := w.directory(d.ident); !ok || found != d {
			t.Errorf("directory %s is not found", d.ident)
		}
		for _, c := range contactsOf(d) {
			if len(c.id()) != 19 {
				t.Fatalf("contact id %q has %d characters, want 19", c.id(), len(c.id()))
			}
			found, ok := d.contact(c.id())
			if !ok || *found != *c {
				t.Fatalf("contact(%s) = %+v, %v; want %+v", c.id(), found, ok, c)
			}
			if c.modifiedAt().Before(c.createdAt()) || !c.modifiedAt().Before(testEpoch) {
				t.Fatalf("created %s, modified %s", c.createdAt(), c.modifiedAt())
			}
		}
	}
}

func TestContacts_ImportsShareASecond(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Contacts: 200_000})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	seconds, count := map[int64]int{}, 0
	var last int64
	for c := range w.directories()[0].contacts() {
		if c.created < last {
			t.Fatalf("contact %d was created before its predecessor", c.index)
		}
		last = c.created
		seconds[c.created]++
		count++
	}
	runtime.ReadMemStats(&after)
	most := 0
	for _, n := range seconds {
		most = max(most, n)
	}
	if count != 180_000 || most < 2000 || most > contactImport {
		t.Errorf("got %d contacts, at most %d in one second", count, most)
	}
	if after.HeapAlloc > before.HeapAlloc+64<<20 {
		t.Errorf("the heap grew by %d bytes", after.HeapAlloc-before.HeapAlloc)
	}
}

func TestContacts_ShapesFollowTheEndpoint(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Contacts: 300})
	keys := func(v any) []string {
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var object map[string]any
		if err := json.Unmarshal(encoded, &object); err != nil {
			t.Fatal(err)
		}
		var names []string
		for name := range object {
			names = append(names, name)
		}
		slices.Sort(names)
		return names
	}
	c := contactsOf(w.directories()[0])[0]
	list := []string{"contactId", "email", "extRef", "firstName", "language", "lastName", "phone", "unsubscribed"}
	if got := keys(c.listElement(false)); !slices.Equal(got, list) {
		t.Errorf("list element: got %v, want %v", got, list)
	}
	search := keys(c.searchElement(Doubt{}, true))
	for _, name := range []string{"id", "creationDate", "lastModified", "phoneNumber", "externalDataReference", "unsubscribeDate", "embeddedData"} {
		if !slices.Contains(search, name) {
			t.Errorf("search element lacks %s: %v", name, search)
		}
	}
	detail := c.detail().(map[string]any)
	if detail["creationDate"] != c.createdAt().UnixMilli() || detail["lastModified"] != c.modifiedAt().UnixMilli() {
		t.Errorf("detail dates: got %v, %v", detail["creationDate"], detail["lastModified"])
	}
	for layout, want := range map[string]any{
		"":                    c.createdAt().Format(time.RFC3339),
		"ms":                  c.createdAt().UnixMilli(),
		"2006-01-02 15:04:05": c.createdAt().Format(time.DateTime),
	} {
		got := c.searchElement(Doubt{SearchDateFormat: layout}, false).(map[string]any)["creationDate"]
		if got != want {
			t.Errorf("search date with layout %q: got %v, want %v", layout, got, want)
		}
	}
}

func TestMailingLists_CountTheirMembers(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Contacts: 1000})
	d := w.directories()[0]
	for _, list := range d.mailingLists() {
		members := 0
		for c := range d.members(list.id()) {
			if !c.inList(list.id()) {
				t.Fatalf("%s is no member of %s", c.id(), list.id())
			}
			members++
		}
		if got := list.element(true).(map[string]any)["contactCount"]; got != members {
			t.Errorf("%s: counts %v, has %d", list.title, got, members)
		}
		if got := list.element(false).(map[string]any)["contactCount"]; got != 0 {
			t.Errorf("%s: counts %v without being asked", list.title, got)
		}
	}
	for range d.members("CG_unknown") {
		t.Fatal("an unknown list has members")
	}
}

func TestContacts_ChangeWithTime(t *testing.T) {
	t.Parallel()
	for _, keeps := range []bool{false, true} {
		w := testWorld(t, worldOptions{Surveys: 1, Contacts: 5000, Doubt: Doubt{OptOutKeepsModified: keeps}})
		d := w.directories()[0]
		before := map[string]*contact{}
		for _, c := range contactsOf(d) {
			before[c.id()] = c
		}
		to := testEpoch.Add(48 * time.Hour)
		w.advance(testEpoch, to, false)
		var added, edited, left int
		after := contactsOf(d)
		for _, c := range after {
			old, known := before[c.id()]
			if c.modifiedAt().Before(c.createdAt()) || c.modifiedAt().After(to) {
				t.Errorf("created %s, modified %s", c.createdAt(), c.modifiedAt())
			}
			switch {
			case !known:
				added++
				continue
			case c.modified() != old.modified():
				edited++
				if !c.modifiedAt().After(testEpoch) {
					t.Errorf("%s was modified at %s", c.id(), c.modifiedAt())
				}
			}
			if c.optOut() != old.optOut() {
				left++
				if moved := c.modified() != old.modified(); c.change.revision == 0 && moved == keeps {
					t.Errorf("OptOutKeepsModified=%v: modified moved = %v", keeps, moved)
				}
			}
		}
		gone := len(before) + added - len(after)
		if added == 0 || edited == 0 || left == 0 || gone == 0 {
			t.Errorf("got %d new, %d edited, %d opted-out, %d deleted contacts", added, edited, left, gone)
		}
		if got := d.element().(map[string]any)["contactCount"]; got != len(after) {
			t.Errorf("the directory counts %v contacts, has %d", got, len(after))
		}
	}
}

func TestResponses_NameContactsOfTheDirectory(t *testing.T) {
	t.Parallel()
	w := testWorld(t, worldOptions{Surveys: 1, Responses: 600, Contacts: 200})
	known := map[string]bool{}
	for _, c := range contactsOf(w.directories()[0]) {
		known[c.field("email")] = true
	}
	named := 0
	for _, r := range rows(t, w.listed()[0], exportQuery{}) {
		if r.Values["recipientEmail"] == nil {
			continue
		}
		named++
		if !known[r.text(t, "recipientEmail")] {
			t.Errorf("%s names %s, who is no contact", r.ResponseID, r.Values["recipientEmail"])
		}
	}
	if named < 150 || named > 250 {
		t.Errorf("%d of 600 responses name a contact, want a third", named)
	}
}
