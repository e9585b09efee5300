package contacts

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/feed/feedtest"
)

// A position that can be decoded is the same after it was encoded. The error of another position
// names its partition.
func FuzzContactPosition(f *testing.F) {
	for _, seed := range []string{`{}`, `{"s":1,"t":2,"f":3,"l":4}`, `{"w":-9223372036854775808}`, `{"a":{"c":1,"n":true,"u":true}}`, `[]`, `{"w":"x"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return // a state file is JSON
		}
		partition := feed.Partition{Kind: feed.Contacts, Key: "the key"}
		understand := func(raw []byte, into any) error {
			request := feed.Request{Partition: partition, Position: raw}
			return request.Understand(into.(*directoryPosition)) //nolint:forcetypeassert // the calls below pass one
		}
		var (
			first, second directoryPosition
			refused       *feed.PositionError
		)
		switch err := understand(raw, &first); {
		case err == nil:
			feedtest.ReadsAgain(t, &first, &second, understand)
		case !errors.As(err, &refused) || refused.Partition != partition:
			t.Errorf("%s: the error names no position: %v", raw, err)
		}
	})
}
