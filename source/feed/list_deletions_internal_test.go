package feed

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// An element is not reported as deleted as long as there may be another reason why the list lacks it.
func TestList_KeepsAMissingElementUntilItsDeletionIsProved(t *testing.T) {
	t.Parallel()
	const id = "CID_A00001"
	forbidden := &qualtrics.APIError{Method: "GET", URL: id, Status: http.StatusForbidden, RequestID: "r"}
	for name, test := range map[string]struct {
		change func(l *library)
		failed string // error of the run; "": there is none
		after  func(l *library)
		want   []string // documents of the run after that
	}{
		"its own call finds it": {func(l *library) { l.hidden[id] = true }, "", func(l *library) { delete(l.hidden, id) }, []string{"+" + id}},
		"its own call is refused": {
			func(l *library) { l.hidden[id], l.answers[id] = true, forbidden },
			"was read before, and this account does not see it any more", func(l *library) { clear(l.hidden); clear(l.answers) }, nil,
		},
		"its own call is refused, and withdrawn elements are skipped": {
			func(l *library) { l.hidden[id], l.answers[id], l.skip = true, forbidden, true },
			"", func(l *library) { clear(l.hidden); clear(l.answers) }, nil,
		},
		"its own call fails": {
			func(l *library) { l.hidden[id], l.answers[id] = true, errors.New("gateway") },
			"cannot be told yet: gateway", func(l *library) { clear(l.hidden); clear(l.answers) }, nil,
		},
		"own calls find no element": {func(l *library) {
			for _, b := range l.books["A"] {
				l.answers[b.ID] = notThere(b.ID)
			}
			l.hidden[id] = true
		}, "not found by their own call either", func(l *library) { clear(l.hidden); clear(l.answers) }, nil},
		"an element has no id": {
			func(l *library) { l.remove("A", id); l.nameless["A"] = true },
			"a book has no id", func(l *library) { clear(l.nameless) },
			[]string{"-" + id},
		},
		"the list fails": {
			func(l *library) { l.remove("A", id); l.failing["A"], l.pageSize = errors.New("page 2"), 1 },
			"page 2", func(l *library) { clear(l.failing); l.succeed() },
			[]string{"-" + id},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := readLibrary(t, 4, 1)
				test.change(l)
				l.edit("B", "CID_B00000", "new")
				failed := l.run(-1)
				switch {
				case test.failed == "" && len(failed) > 0:
					t.Errorf("the run failed: %v", failed)
				case test.failed != "" && (len(failed) != 1 || failed["A"] == nil || !strings.Contains(failed["A"].Error(), test.failed)):
					t.Errorf("got %v, want an error of room A that says %q", failed, test.failed)
				}
				if !slices.Contains(l.delivered, "+CID_B00000") || slices.ContainsFunc(l.delivered, func(delivered string) bool { return delivered[0] == '-' }) {
					t.Errorf("the run delivered %v, want the change of room B and no deletion", l.delivered)
				}
				test.after(l)
				if diff := cmp.Diff(test.want, l.readAll()); diff != "" {
					t.Errorf("documents of the run after that (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// An element that is missing in one run and listed in the next is not reported as deleted.
func TestList_AnElementThatComesBackIsNotDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := readLibrary(t, 3)
		gone := l.books["A"][1]
		l.remove("A", gone.ID)
		if delivered := l.succeed(); delivered != nil {
			t.Errorf("the run that misses it delivered %v", delivered)
		}
		l.books["A"] = append(l.books["A"], gone)
		if delivered := l.readAll(); delivered != nil {
			t.Errorf("the run after that delivered %v", delivered)
		}
		l.remove("A", gone.ID) // it must be missing in two runs again
		if delivered := l.succeed(); delivered != nil {
			t.Errorf("the run that misses it again delivered %v", delivered)
		}
		if diff := cmp.Diff([]string{"-" + gone.ID}, l.readAll()); diff != "" {
			t.Errorf("documents (-want +got):\n%s", diff)
		}
	})
}

func TestList_ADeletedParentDeletesItsElements(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := readLibrary(t, 3, 2)
		l.rooms, l.books["A"] = l.rooms[1:], nil
		failed := l.run(-1)
		var skipped *Skipped
		if err := failed["A"]; len(failed) != 1 || !errors.As(err, &skipped) || !skipped.Gone || !strings.Contains(err.Error(), "3 of its books are reported as deleted") {
			t.Errorf("got %v, want that room A is gone", failed)
		}
		l.compareRows()
		if l.positions["A"] != nil || l.positions["B"] == nil {
			t.Errorf("got the positions %v, want that of room B only", l.positions)
		}
		if delivered := l.readAll(); delivered != nil {
			t.Errorf("the run after that delivered %v", delivered)
		}
	})
}

// If a parent is missing and not known to be deleted, its rows stay, and its position is kept for 30 days.
func TestList_AMissingParentIsDroppedAfterThirtyDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := readLibrary(t, 3, 2)
		l.hidden["A"], l.answers["A"] = true, &qualtrics.APIError{Status: http.StatusForbidden, RequestID: "r"}
		for _, days := range []int{0, 29, 2} {
			time.Sleep(time.Duration(days) * 24 * time.Hour)
			var withdrawn *WithdrawnError
			if failed := l.run(-1); !errors.As(failed["A"], &withdrawn) || l.delivered != nil {
				t.Errorf("after %d days more: got %v and %v, want that room A is withdrawn", days, failed, l.delivered)
			}
			if kept := l.positions["A"] != nil; kept == (days == 2) {
				t.Errorf("after %d days more the position is kept: %t", days, kept)
			}
		}
		l.compareRows() // its rows stay
	})
}

// If many elements are missing, a run asks for some of them. The list proves the deletion of the others.
func TestList_ManyDeletionsTakeFewCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := readLibrary(t, 1000)
		clear(l.asked)
		l.books["A"] = l.books["A"][:20]
		l.succeedTwice()
		calls := 0
		for _, n := range l.asked {
			calls += n
		}
		if calls > 2*(reconcile.MaxSingleCalls+MaxProbes) {
			t.Errorf("980 deletions took %d calls", calls)
		}
	})
}

// If one of the elements that a run asks for exists, the list does not prove the deletion of the others.
func TestList_AnIncompleteListProvesNoDeletion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := readLibrary(t, 1000)
		for _, b := range l.books["A"][:300] {
			l.hidden[b.ID] = true
		}
		l.books["A"] = l.books["A"][:700]
		for range 20 { // each run asks for other elements
			l.succeed()
		}
		for _, b := range l.books["A"] {
			if l.rows["A/"+b.ID] != b {
				t.Fatalf("%s exists and was reported as deleted", b.ID)
			}
		}
		if reported := 1000 - len(l.rows); reported < 250 {
			t.Errorf("%d of 300 deletions were reported", reported)
		}
		clear(l.hidden)
		l.succeedTwice()
	})
}

// A run reports that it cannot name deletions, even if the run that found them was killed.
func TestList_AKilledRunDoesNotHideThatDeletionsCannotBeNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := readLibrary(t, 6_000)
		l.books["A"] = l.books["A"][:5_000]
		l.edit("A", "CID_A00001", "new")
		l.run(1)
		var unresolved *UnresolvedError
		if failed := l.run(-1); !errors.As(failed["A"], &unresolved) || unresolved.Count != 1000 {
			t.Errorf("got %v, want that 1,000 deletions cannot be named", failed)
		}
		if failed := l.run(-1); len(failed) > 0 {
			t.Errorf("the run after that failed again: %v", failed)
		}
	})
}

// The next run confirms deletions, so no run waits 30 seconds for its second look.
func TestList_NoRunWaitsToConfirmADeletion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := readLibrary(t, slices.Repeat([]int{3}, 40)...)
		for room, books := range l.books {
			l.remove(room, books[0].ID)
		}
		begun := time.Now()
		if delivered := l.succeedTwice(); len(delivered) != 40 {
			t.Errorf("two runs reported %d deletions", len(delivered))
		}
		if took := time.Since(begun); took > 2*pause+time.Second {
			t.Errorf("two runs took %s more than the time between them", took-2*pause)
		}
	})
}

// A parent that the configuration names must exist.
func TestList_ANamedParentThatDoesNotExistIsAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLibrary(t, 2, 2)
		env := l.env()
		env.Selection.Directories = []string{"A", "C"}
		failed := l.runWith(-1, env)
		var unknown *UnknownError
		if !errors.As(failed["C"], &unknown) || len(failed) != 1 || len(l.delivered) != 2 {
			t.Errorf("got %v and %v, want the books of room A and that room C does not exist", failed, l.delivered)
		}
	})
}

// Dates of Qualtrics may be ahead of the clock. A destination keeps the row with the newest date.
func TestList_ATombstoneIsNewerThanEveryRow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLibrary(t, 3)
		l.modified = true
		ahead := time.Now().Add(48 * time.Hour)
		for i := range l.books["A"] {
			l.books["A"][i].Modified = ahead
		}
		l.readAll()
		l.remove("A", "CID_A00001")
		l.succeedTwice()
	})
}
