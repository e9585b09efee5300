package responses

import (
	"reflect"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/feed/feedtest"
	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
)

// The page on internals explains every key of a position, and no other.
func TestPosition_EveryKeyIsDocumented(t *testing.T) {
	t.Parallel()
	feedtest.Documented(t, "../../../docs/internals.md", "responses", reflect.TypeFor[surveyPosition](), reflect.TypeFor[naming](), reflect.TypeFor[reconcile.SnapshotState]())
}
