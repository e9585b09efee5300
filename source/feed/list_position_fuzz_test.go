package feed

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/feed/feedtest"
)

// A valid position is the same after it was written and read again. The error about an invalid
// one names its partition.
func FuzzListPosition(f *testing.F) {
	for _, seed := range []string{`{}`, `{"surveys":{"SV_1":"0123456789abcdef","SV_2":""},"n":253402300799}`, `[]`, `{"h":"!"}`, `{"w":1e3}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return // a state file is valid JSON
		}
		partition := Partition{Kind: SurveyList, Key: "the key"}
		understand := func(raw []byte, into any) error {
			request := Request{Partition: partition, Position: raw}
			return request.Understand(into.(*listPosition)) //nolint:forcetypeassert // of two lines below
		}
		var (
			first, second listPosition
			refused       *PositionError
		)
		switch err := understand(raw, &first); {
		case err == nil:
			feedtest.ReadsAgain(t, &first, &second, understand)
		case !errors.As(err, &refused) || refused.Partition != partition:
			t.Errorf("%s: the error names no position: %v", raw, err)
		}
	})
}
