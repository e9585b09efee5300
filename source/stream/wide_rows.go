package stream

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// wideRows makes the rows of a wide stream.
type wideRows struct {
	record  reflect.Type
	table   *record.Table
	columns []WideColumn
	byKey   map[string][]int // columns by the name of their key: two if an old name is kept

	mu       sync.Mutex
	known    map[string][]int // columns by value key, as far as keys came
	unlisted map[string]bool  // value keys without a column
	values   frame.Scanner
}

// mostUnlisted bounds the memory for keys: a record may hold any number of new ones.
const mostUnlisted = 1000

func (w *wideRows) project(doc *feed.Document, emit Emit) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var c cells
	got, common, err := responseRow(doc, &c)
	if err != nil {
		return err
	}
	row := reflect.New(w.record)
	filled := row.Elem()
	from := reflect.ValueOf(common).Elem()
	for i, field := range inWide {
		filled.Field(i).Set(from.FieldByIndex(field.Index))
	}
	if got == nil {
		return emit(row.Interface(), c.changes...)
	}
	if values, ok := w.values.Object(got.Answers); ok {
		for i := range values.Members {
			m := &values.Members[i]
			for _, at := range w.columnsOf(m.Name) {
				c.put(filled.Field(len(inWide)+at), &w.columns[at], m.Value, got)
			}
		}
	}
	changes := w.changes(got, row.Interface())
	return emit(row.Interface(), append(c.changes, changes...)...)
}

// columnsOf returns the columns of a value key. A key without one is noted.
func (w *wideRows) columnsOf(key []byte) []int {
	at, ok := w.known[string(key)]
	if ok || w.unlisted[string(key)] {
		return at
	}
	name := string(key)
	if at = w.byKey[keyName(name)]; len(at) > 0 {
		w.known[name] = at
	} else if len(w.unlisted) < mostUnlisted {
		w.unlisted[name] = true
	}
	return at
}

// missing returns the value keys that came and have no column, sorted.
func (w *wideRows) missing() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.unlisted))
}

// put types the value of a key into its column.
func (c *cells) put(cell reflect.Value, column *WideColumn, raw []byte, got *response.Response) {
	kind := frame.Kind(raw)
	nested := kind == '[' || kind == '{'
	if got.Shortened && (kind == 'n' || nested && bytes.Contains(raw, []byte("null"))) {
		c.tell(record.Shorten(column.Name))
	}
	var value any
	switch {
	case kind == 0 || kind == 'n':
		return
	case column.Kind == record.String && nested:
		value = keep(c.texts[:], &c.taken.texts, string(raw))
	case column.Kind == record.String:
		value = c.text(column.Name, raw)
	case column.Kind == record.Number:
		value = c.number(column.Name, raw)
	case column.Kind == record.Boolean:
		value = c.boolean(column.Name, raw)
	case column.Kind == record.Timestamp:
		value = c.time(column.Name, raw)
	case column.Kind == record.Array && kind == '[', column.Kind == record.Object && kind == '{':
		value = json.RawMessage(raw)
	case absent(raw), string(raw) == "[]", string(raw) == "{}":
		return // PHP writes an empty object as an array, and nothing as an empty text
	default:
		c.unfit(column.Name)
		return
	}
	cell.Set(reflect.ValueOf(value))
}

// changes reports the altered parts of a record, beside those of single values.
func (w *wideRows) changes(got *response.Response, row any) (changes []record.Change) {
	if got.Repaired {
		for _, column := range holding(w.table, row, "\ufffd") {
			changes = append(changes, record.Repair(column))
		}
	}
	for _, column := range got.Unread {
		if column == "answer_values" {
			for i := range w.columns {
				changes = append(changes, record.Null(w.columns[i].Name))
			}
		} else if w.table.Has(column) {
			changes = append(changes, record.Null(column))
		}
	}
	of := func(columns []string) []string {
		return slices.DeleteFunc(slices.Clone(columns), func(column string) bool { return !w.table.Has(column) })
	}
	for _, column := range of(got.Renamed) {
		changes = append(changes, record.Rename(column))
	}
	for _, column := range of(got.Doubled) {
		changes = append(changes, record.Round(column, "the first of two members of a name"))
	}
	if got.Shortened && bytes.Contains(got.EmbeddedData, []byte(":null")) {
		changes = append(changes, record.Shorten("embedded_data"))
	}
	return changes
}
