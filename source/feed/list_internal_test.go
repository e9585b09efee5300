package feed

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/integration_tests/thorough"
)

func TestList_DeliversAChangeOnceAndADeletionInTheSecondRun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		books  int
		change func(l *library)
		want   []string // documents of the next two runs: + delivered, - deleted
	}{
		"nothing":           {3, func(*library) {}, nil},
		"an edit":           {3, func(l *library) { l.edit("A", "CID_A00001", "new") }, []string{"+CID_A00001"}},
		"a new element":     {3, func(l *library) { l.books["A"] = append(l.books["A"], book{ID: "CID_new"}) }, []string{"+CID_new"}},
		"a deletion":        {3, func(l *library) { l.remove("A", "CID_A00002") }, []string{"-CID_A00002"}},
		"the last deletion": {1, func(l *library) { l.remove("A", "CID_A00000") }, []string{"-CID_A00000"}},
		"the list alone shows a deletion": {3, func(l *library) {
			l.asks = false
			l.remove("A", "CID_A00002")
		}, []string{"-CID_A00002"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLibrary(t, test.books, 2)
				if delivered := l.readAll(); len(delivered) != test.books+2 {
					t.Fatalf("the first run delivered %v", delivered)
				}
				test.change(l)
				if diff := cmp.Diff(test.want, l.succeedTwice()); diff != "" {
					t.Errorf("documents of the next two runs (-want +got):\n%s", diff)
				}
				if delivered := l.readAll(); delivered != nil {
					t.Errorf("a run without changes delivered %v", delivered)
				}
			})
		})
	}
}

// A run is killed at any document, and the area changes before the next run. After that run the destination is right.
func TestList_TheRunAfterAKilledOneDeliversTheRest(t *testing.T) {
	t.Parallel()
	for _, books := range []int{3, maxExact + 100} {
		var before *library
		synctest.Test(t, func(t *testing.T) { before = readLibrary(t, books, 1) })
		for name, between := range map[string]func(l *library){
			"nothing changes":            func(*library) {},
			"the new element is deleted": func(l *library) { l.remove("A", "CID_new") },
			"the edit is taken back":     func(l *library) { l.edit("A", "CID_A00001", "old") },
			"both, and another element is edited": func(l *library) {
				l.remove("A", "CID_new")
				l.edit("A", "CID_A00001", "old")
				l.edit("A", "CID_A00000", "x")
			},
			"the room is deleted": func(l *library) { l.rooms, l.books["A"] = l.rooms[1:], nil },
		} {
			for _, killAfter := range []int{0, 1, 2, 3, 40} {
				t.Run(fmt.Sprintf("%d books, killed after %d documents, then %s", books, killAfter, name), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						l := before.copied(t)
						l.books["A"] = append([]book{{ID: "CID_new"}}, l.books["A"]...)
						l.edit("A", "CID_A00001", "new")
						l.remove("A", "CID_A00002")
						if l.run(killAfter); l.announced == 0 {
							t.Error("nothing was announced")
						}
						between(l)
						failed := l.run(-1)
						var skipped *Skipped
						if len(l.rooms) == 2 {
							failed = l.run(-1) // it reports deletions
						}
						if len(l.rooms) == 1 && books > 1000 {
							if !errors.As(failed["A"], &skipped) || strings.Contains(skipped.Reason, "about 0 ") {
								t.Errorf("got %v, want that room A is gone, and that not all of its books can be named", failed)
							}
							return
						}
						l.compareRows()
					})
				})
			}
		}
	}
}

// After a first run was killed, it is unknown which of the announced elements arrived.
func TestList_AKilledFirstRunIsRepeated(t *testing.T) {
	t.Parallel()
	for _, books := range []int{10, maxExact + 100} {
		synctest.Test(t, func(t *testing.T) {
			l := newLibrary(t, books)
			l.run(7)
			l.remove("A", "CID_A00003")
			l.succeedTwice()
		})
	}
}

func TestList_ALongListTakesAFewKilobytesAndLosesNoChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := thorough.Number(100_000, 30_000)
		l := newLibrary(t, n)
		l.pageSize = 1000
		l.readAll()
		size := len(l.positions["A"])
		t.Logf("the position of %d elements takes %d bytes", n, size)
		if size > 14<<10 {
			t.Errorf("the position takes %d bytes", size)
		}
		if delivered := l.readAll(); delivered != nil {
			t.Errorf("a run without changes delivered %d documents", len(delivered))
		}
		l.edit("A", "CID_A00007", "new")
		if delivered := l.readAll(); len(delivered) < n/1000 || len(delivered) > n/100 || !slices.Contains(delivered, "+CID_A00007") {
			t.Errorf("a run with one edit delivered %d documents, want those of one bucket", len(delivered))
		}
		var gone []string
		for i := range 150 {
			gone = append(gone, fmt.Sprintf("CID_A%05d", i*3))
		}
		l.remove("A", gone...)
		l.succeedTwice()
		// These are more deletions than the state can name. The run fails, and reports no other element.
		l.books["A"] = l.books["A"][:n*95/100]
		lost := int64(n*5/100 - len(gone))
		failed := l.run(-1)
		var unresolved *UnresolvedError
		if !errors.As(failed["A"], &unresolved) || unresolved.Count < lost*8/10 || unresolved.Count > lost {
			t.Errorf("got %v, want that about %d deletions cannot be named", failed, lost)
		}
		for _, b := range l.books["A"] {
			if l.rows["A/"+b.ID] != b {
				t.Fatalf("%s was reported as deleted", b.ID)
			}
		}
		if failed := l.run(-1); len(failed) > 0 || len(l.delivered) > 0 {
			t.Errorf("the run after that delivered %d documents and failed with %v", len(l.delivered), failed)
		}
	})
}

// A list may grow and shrink beyond the length from which the state holds a summary of it.
func TestList_AListThatBecomesLongOrShortLosesNoChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := readLibrary(t, maxExact-50)
		all := slices.Clone(l.books["A"])
		for i := range 200 {
			all = append(all, book{ID: fmt.Sprintf("CID_more%04d", i)})
		}
		for _, more := range []int{50, 40, -20, -10, 60, 20, -30} {
			n := maxExact + more
			l.books["A"] = slices.Clone(all[:n])
			l.edit("A", "CID_A00000", fmt.Sprint(n))
			l.succeedTwice()
			if long := strings.Contains(string(l.positions["A"]), `"b":`); long != (more > 0) {
				t.Errorf("%d elements: the position is a summary: %t", n, long)
			}
		}
	})
}

// Thousands of lists share the room of one state.
func TestList_AStateOfThousandsOfListsStaysSmall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lists := thorough.Number(2000, 1000)
		l := readLibrary(t, slices.Repeat([]int{60}, lists)...)
		size := 0
		for key, position := range l.positions {
			size += len(key) + len(position)
		}
		t.Logf("the positions of %d lists of 60 elements take %d KiB", lists, size>>10)
		if size > lists<<9 {
			t.Errorf("the positions take %d KiB", size>>10)
		}
		l.edit("777", "CID_77700007", "new")
		l.remove("888", "CID_88800001", "CID_88800002", "CID_88800003", "CID_88800004")
		l.succeedTwice()
	})
}

func TestList_ADamagedPositionIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, damaged := range []string{
			`{"ids":{"":"x"}}`, `{"b":{"h":"!","c":1}}`, `{"b":{"h":"","c":1}}`, `{"b":{"h":"AAAAAAAAAAA","c":1,"p":"!"}}`, `{"n":99999999999999}`, `{"g":{"":1}}`, `{"ids":1}`,
		} {
			l := newLibrary(t, 1)
			l.positions["A"] = Position(damaged)
			var position *PositionError
			if failed := l.run(-1); !errors.As(failed["A"], &position) {
				t.Errorf("%s: got %v, want an error of the position", damaged, failed)
			}
		}
	})
}
