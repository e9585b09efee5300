package contacts

import (
	"reflect"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/feed/feedtest"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
)

// The page on internals explains every key of a position, and no other.
func TestContactState_EveryKeyIsDocumented(t *testing.T) {
	t.Parallel()
	feedtest.Documented(t, "../../../docs/internals.md", "contacts", reflect.TypeFor[directoryPosition](), reflect.TypeFor[reconcile.SnapshotState]())
}
