package feed

import (
	"reflect"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/feed/feedtest"
)

// The page on internals explains every key of a position, and no other.
func TestState_EveryKeyIsDocumented(t *testing.T) {
	t.Parallel()
	feedtest.Documented(t, "../../docs/internals.md", "lists", reflect.TypeFor[listPosition]())
	feedtest.Documented(t, "../../docs/internals.md", "sync_audit", reflect.TypeFor[runPosition]())
}
