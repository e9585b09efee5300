package feed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// book is an element of a library, which is an invented area of the API: the account has rooms, and
// each room has books.
type book struct {
	ID, Text string
	Modified time.Time
}

// library is that area, and a destination with the rows that its feed delivered.
type library struct {
	t        *testing.T
	rooms    []book
	books    map[string][]book // by room
	hidden   map[string]bool   // rooms and books that exist and that their list lacks
	answers  map[string]error  // answers of own calls that differ from the truth
	failing  map[string]error  // rooms whose list fails after its first page
	nameless map[string]bool   // rooms whose list has an element without an id
	asked    map[string]int    // number of own calls, by id
	pageSize int
	asks     bool // books have an own call
	modified bool // books have a modified date
	skip     bool // surveys.on_withdrawn is skip

	positions map[string]Position // by partition
	rows      map[string]book     // of the destination, by partition and id
	cursors   map[string]time.Time
	lastRun   time.Time
	announced int
	delivered []string // documents of the last run in order: "+id", or "-id" for a tombstone
}

// newLibrary makes a library with a room for each number of books. The rooms are A to Z, then 26 and
// so on.
func newLibrary(t *testing.T, books ...int) *library {
	t.Helper()
	l := &library{
		t: t, books: make(map[string][]book), hidden: make(map[string]bool), answers: make(map[string]error), failing: make(map[string]error),
		nameless: make(map[string]bool), asked: make(map[string]int), pageSize: 100, asks: true,
		positions: make(map[string]Position), rows: make(map[string]book), cursors: make(map[string]time.Time),
	}
	for i, n := range books {
		room := fmt.Sprint(i)
		if i < 26 {
			room = string(rune('A' + i))
		}
		l.room(room, n)
	}
	return l
}

// readLibrary makes a library and runs its feed once.
func readLibrary(t *testing.T, books ...int) *library {
	t.Helper()
	l := newLibrary(t, books...)
	l.readAll()
	return l
}

// copied returns a copy at the same time, for another test with a fake clock.
func (l *library) copied(t *testing.T) *library {
	t.Helper()
	c := *l
	c.t, c.rooms, c.books = t, slices.Clone(l.rooms), make(map[string][]book)
	for room, books := range l.books {
		c.books[room] = slices.Clone(books)
	}
	c.hidden, c.answers, c.failing, c.nameless = maps.Clone(l.hidden), maps.Clone(l.answers), maps.Clone(l.failing), maps.Clone(l.nameless)
	c.asked, c.positions, c.rows, c.cursors = maps.Clone(l.asked), maps.Clone(l.positions), maps.Clone(l.rows), maps.Clone(l.cursors)
	time.Sleep(time.Until(l.lastRun))
	return &c
}

// room adds a room. The ids of its books are CID_, the room, and five digits.
func (l *library) room(room string, books int) {
	l.rooms = append(l.rooms, book{ID: room})
	for i := range books {
		l.books[room] = append(l.books[room], book{ID: fmt.Sprintf("CID_%s%05d", room, i), Text: "old"})
	}
}

// edit changes the text of a book.
func (l *library) edit(room, id, text string) {
	l.books[room][l.find(room, id)].Text = text
}

func (l *library) find(room, id string) int {
	return slices.IndexFunc(l.books[room], func(b book) bool { return b.ID == id })
}

func (l *library) remove(room string, ids ...string) {
	l.books[room] = slices.DeleteFunc(l.books[room], func(b book) bool { return slices.Contains(ids, b.ID) })
}

func notThere(id string) error {
	return &qualtrics.APIError{Method: "GET", URL: id, Status: http.StatusNotFound, RequestID: "r"}
}

// pages yields a list in pages, as the client does.
func (l *library) pages(room string, all []book) func(context.Context, *int) iter.Seq2[book, error] {
	return func(_ context.Context, pages *int) iter.Seq2[book, error] {
		return func(yield func(book, error) bool) {
			for i, b := range all {
				if i%l.pageSize == 0 {
					if *pages++; *pages > 1 && l.failing[room] != nil {
						yield(book{}, l.failing[room])
						return
					}
				}
				if !l.hidden[b.ID] && !yield(b, nil) {
					return
				}
			}
			if l.nameless[room] {
				yield(book{}, &qualtrics.ElementError{Problem: "a book has no id"})
			}
		}
	}
}

func (l *library) ask(in []string, id string) error {
	l.asked[id]++
	if err, ok := l.answers[id]; ok {
		return err
	}
	all := l.rooms
	if len(in) > 0 {
		all = l.books[in[0]]
	}
	if !slices.ContainsFunc(all, func(b book) bool { return b.ID == id }) {
		return notThere(id)
	}
	return nil
}

// lists declares the feeds of rooms and books.
func (l *library) lists() (rooms, books *List[book]) {
	id := func(b book) string { return b.ID }
	ask := func(_ context.Context, _ *qualtrics.Client, in []string, id string) error { return l.ask(in, id) }
	rooms = &List[book]{
		Name: "rooms", Noun: "room", Scopes: []string{"read:rooms"}, parent: true, Ask: ask, Setting: "directories",
		Chosen: func(s *Selection) []string { return s.Directories },
		Read: func(*qualtrics.Client, []string) qualtrics.Listing[book] {
			return qualtrics.NewListing("rooms", l.pages("", l.rooms), id)
		},
	}
	books = &List[book]{
		Name: "books", Noun: "book", Below: rooms, Scopes: []string{"read:books"},
		Read: func(_ *qualtrics.Client, in []string) qualtrics.Listing[book] {
			return qualtrics.NewListing("books", l.pages(in[0], l.books[in[0]]), id)
		},
	}
	if l.asks {
		books.Ask = ask
	}
	if l.modified {
		books.Modified = func(b *book) time.Time { return b.Modified }
	}
	return rooms, books
}

// dated answers all other calls with the date of the test, which makes the server time known.
type dated struct{}

func (dated) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}, Request: r,
		Body: io.NopCloser(strings.NewReader(`{"result":{"brandId":"b"},"meta":{"requestId":"r"}}`)),
	}, nil
}

// env returns the Env of one run.
func (l *library) env() *Env {
	l.t.Helper()
	origin, _, err := qualtrics.ParseDataCenter("iad1")
	if err != nil {
		l.t.Fatal(err)
	}
	client, err := qualtrics.New(qualtrics.Options{
		Origin: origin, Transport: dated{}, Credentials: qualtrics.Credentials{APIToken: "token-0123456789"},
		Spool: func() (qualtrics.Spool, error) { return nil, errors.New("nothing is downloaded") },
	})
	if err != nil {
		l.t.Fatal(err)
	}
	for range 2 { // the client needs two dates to know the server time
		if _, err := client.WhoAmI(l.t.Context()); err != nil {
			l.t.Fatal(err)
		}
	}
	return &Env{Client: client, Brand: "b", Log: slog.New(slog.DiscardHandler), Clock: time.Now, Selection: Selection{SkipWithdrawn: l.skip}}
}

// pause is the time between two runs.
const pause = time.Minute

var errKilled = errors.New("the run is killed")

// destination receives the documents of one partition.
type destination struct {
	l         *library
	partition Partition
	killAfter int // documents until the run is killed; < 0: never
}

func (d *destination) Document(doc *Document) error {
	if d.killAfter == 0 {
		return errKilled
	}
	d.killAfter--
	key := doc.Partition.Key + "/" + doc.ID
	cursor := cmp.Or(doc.DeletedAt, doc.ReadAt)
	sign := "-"
	b, ok := doc.Content.(*book)
	if ok {
		sign = "+"
		if !b.Modified.IsZero() {
			cursor = b.Modified
		}
	}
	d.l.delivered = append(d.l.delivered, sign+doc.ID)
	if cursor.Before(d.l.cursors[key]) {
		return nil // the destination keeps the row with the newest date
	}
	if d.l.cursors[key] = cursor; ok {
		d.l.rows[key] = *b
	} else {
		delete(d.l.rows, key)
	}
	return nil
}

func (d *destination) Checkpoint(position Position) error {
	d.l.positions[d.partition.Key] = slices.Clone(position)
	return nil
}

func (d *destination) Announce(position Position) error {
	d.l.announced++
	return d.Checkpoint(position)
}

// run reads all books as the engine does, and returns the errors by partition. The run is killed
// after a number of documents; -1: it is not.
func (l *library) run(killAfter int) map[string]error {
	l.t.Helper()
	return l.runWith(killAfter, l.env())
}

func (l *library) runWith(killAfter int, env *Env) map[string]error {
	l.t.Helper()
	time.Sleep(pause)
	l.lastRun = time.Now()
	_, books := l.lists()
	failed := make(map[string]error)
	l.delivered = nil
	books.Resume(env, maps.All(l.positions))
	var partitions []Partition
	for partition, err := range books.Partitions(l.t.Context(), env) {
		if err != nil {
			failed[""] = err
			break
		}
		partitions = append(partitions, partition)
	}
	retire := func() {
		for key, position := range l.positions {
			if l.positions[key] = books.Retire(env, key, position); l.positions[key] == nil {
				delete(l.positions, key)
			}
		}
	}
	if failed[""] == nil {
		retire()
	}
	for _, partition := range partitions {
		request := Request{Partition: partition, Position: l.positions[partition.Key], Report: &Report{}}
		err := books.Fetch(l.t.Context(), env, request, &destination{l, partition, killAfter})
		if err != nil {
			failed[partition.Key] = err
		}
	}
	retire()
	return failed
}

// succeed runs the feed and fails the test if the run fails. It returns the delivered documents.
func (l *library) succeed() []string {
	l.t.Helper()
	if failed := l.run(-1); len(failed) > 0 {
		l.t.Fatalf("the run failed: %v", failed)
	}
	return l.delivered
}

// succeedTwice runs the feed twice, because the second run reports the deletions of the first. It
// then compares the rows.
func (l *library) succeedTwice() []string {
	l.t.Helper()
	return append(l.succeed(), l.readAll()...)
}

// readAll runs the feed, and compares the rows.
func (l *library) readAll() []string {
	l.t.Helper()
	delivered := l.succeed()
	l.compareRows()
	return delivered
}

// compareRows checks that the destination has exactly the books that exist.
func (l *library) compareRows() {
	l.t.Helper()
	want := make(map[string]book)
	for room, books := range l.books {
		for _, b := range books {
			want[room+"/"+b.ID] = b
		}
	}
	wrong := 0
	for key, b := range want {
		if l.rows[key] != b {
			if wrong++; wrong < 4 {
				l.t.Errorf("the destination holds %v as %s, want %v", l.rows[key], key, b)
			}
		}
	}
	for key := range l.rows {
		if _, ok := want[key]; !ok {
			if wrong++; wrong < 4 {
				l.t.Errorf("the destination holds %s, which does not exist", key)
			}
		}
	}
	if wrong > 0 {
		l.t.Fatalf("%d rows of %d are wrong", wrong, len(want))
	}
}
