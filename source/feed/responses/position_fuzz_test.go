package responses

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/feedtest"
	"github.com/birdie-ai/source-qualtrics/source/sketch"
)

// A position that can be decoded is encoded to the same values. Every other one is refused
// with an error that names its partition.
func FuzzPosition(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"w":1768478400,"h":"AAAAAAAAAAE","f":1,"r":2,"l":true,"n":[1,2,3],"t":4,"u":true}`,
		`{"w":-9223372036854775808,"b":{"a":1,"f":-9223372036854775808,"w":1,"s":"AAAAAAAAAAEAAAAAAAAAAg"}}`,
		`{"a":{"c":1768478400,"i":"R_1 R_2","d":3,"s":1768478400,"a":true,"m":1768478401,"x":{"R_3":1768478400123},"q":["R_4"],"y":{"R_5":1768478400}}}`,
		`{"a":{"c":253402300800,"k":"` + sketch.NewIBLT(48).Encode() + `"}}`, `{"a":{"c":1,"p":"` + sketch.NewPinSketch(4).Encode() + `","l":{"i":"R_1"}}}`, `{"a":{"c":1,"n":true,"u":true}}`, `{"a":{"c":1,"k":"AAAA"}}`,
		`{"s":1,"t":2,"f":3,"l":4}`, `{"surveys":{"SV_1":"0123456789abcdef","SV_2":""},"n":253402300799}`, `[]`, `{"w":"x"}`, `{"h":"!"}`, `{"w":1e3}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return // a state file is valid JSON
		}
		partition := feed.Partition{Kind: feed.Responses, Key: "SV_1"}
		typed := func(err error) bool {
			var lost *feed.PositionError
			if err != nil && (!errors.As(err, &lost) || lost.Partition != partition) {
				t.Errorf("%s: the error does not name the partition: %v", raw, err)
			}
			return err == nil
		}
		decode := func(raw []byte, into any) error {
			request := feed.Request{Partition: partition, Position: raw}
			return request.Understand(into.(*surveyPosition)) //nolint:forcetypeassert // both callers pass one
		}
		var position surveyPosition
		if !typed(decode(raw, &position)) {
			return
		}
		feedtest.ReadsAgain(t, &position, &surveyPosition{}, decode)
		position = surveyPosition{}
		if err := json.Unmarshal(raw, &position); err != nil {
			t.Fatal(err)
		}
		if tracked, err := newTracker(position.Tracker, 1); err == nil {
			trackerRoundTrip(t, tracked)
		}
		if s := position.Buckets; s != nil && s.decode() == nil {
			bucketsRoundTrip(t, s)
		}
	})
}

func trackerRoundTrip(t *testing.T, tracked *tracker) {
	t.Helper()
	first := tracked.state()
	restored, err := newTracker(first, 1)
	if err != nil {
		t.Fatalf("the encoded tracker cannot be decoded: %v: %+v", err, first)
	}
	if diff := cmp.Diff(encodedState(t, first), encodedState(t, restored.state())); diff != "" {
		t.Errorf("tracker (-first +second):\n%s", diff)
	}
	if tracked.hasSnapshot() != restored.hasSnapshot() || (tracked.snapshot == nil) != (restored.snapshot == nil) {
		t.Errorf("the snapshot of %+v appeared or disappeared", first)
	}
	if tracked.snapshot == nil {
		return
	}
	if gone, fresh, net, err := tracked.snapshot.Compare().Result(); err == nil && int64(len(gone)-len(fresh)) != net {
		t.Errorf("%d ids are gone and %d are new, but the net is %d", len(gone), len(fresh), net)
	}
}

func encodedState(t *testing.T, state *trackerState) string {
	t.Helper()
	text, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func bucketsRoundTrip(t *testing.T, s *buckets) {
	t.Helper()
	sums := slices.Clone(s.sums)
	s.encode()
	again := &buckets{At: s.At, First: s.First, Width: s.Width, Sums: s.Sums}
	if err := again.decode(); err != nil || !slices.Equal(again.sums, sums) {
		t.Errorf("the sums %v were decoded as %v, error %v", sums, again.sums, err)
	}
	for _, at := range []int64{s.First, s.At - 1, s.At, 0, 1 << 40, -1 << 40} {
		if i := s.of(time.Unix(at, 0)); i < -1 || i >= max(len(sums), 0) {
			t.Errorf("the date %d is in bucket %d of %d", at, i, len(sums))
		}
	}
}
