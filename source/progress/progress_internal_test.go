package progress

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/failures"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

func TestWatch_SaysNothingWhileNothingHappens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		w := &Watch{Progress: New()}
		w.Start(slog.New(slog.NewTextHandler(&out, nil)))
		defer w.End()
		told := func(pause time.Duration) (lines int) {
			time.Sleep(pause)
			synctest.Wait()
			defer out.Reset()
			return strings.Count(out.String(), "\n")
		}
		if got := told(time.Minute + time.Second); got != 1 {
			t.Errorf("without any change: got %d lines in a minute, want the first", got)
		}
		w.Progress.Listed(feed.Responses, 3)
		if got := told(time.Minute); got != 1 {
			t.Errorf("with one change: got %d lines in a minute, want 1", got)
		}
		w.Progress.Exporting(qualtrics.Job{Step: qualtrics.JobStarted, ID: "ES_1"})
		if got := told(time.Minute); got != 6 {
			t.Errorf("with an export at Qualtrics: got %d lines in a minute, want 6", got)
		}
		w.Progress.Exporting(qualtrics.Job{Step: qualtrics.JobEnded, ID: "ES_1"})
		if got := told(5 * time.Minute); got != 1 {
			t.Errorf("after its end: got %d lines in five minutes, want 1", got)
		}
	})
}

// A panic on the goroutine that tells the progress ends the run, like any other.
func TestWatch_APanicEndsTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, abort := context.WithCancelCause(t.Context())
		defer abort(nil)
		w := &Watch{Progress: New(), Abort: abort, Screen: &Screen{columns: func() int { panic("planted") }}, Clean: strings.Clone}
		w.Start(slog.New(slog.DiscardHandler))
		<-ctx.Done()
		w.End()
		if cause := context.Cause(ctx); !failures.IsBug(cause) {
			t.Errorf("got %v, want the panic", cause)
		}
	})
}

func TestProgress_SaysWhatMattersMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New()
		says := func(want string) {
			t.Helper()
			now := p.Now()
			if got := now.text(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		says("[0s] asking Qualtrics")
		p.Exporting(qualtrics.Job{Step: qualtrics.JobStarted, ID: "ES_0"}) // as a check does, which lists nothing
		says("[0s] 1 export at Qualtrics for 0s")
		p.Begin()
		p.Listed(feed.Contacts, 1)
		p.Listed(feed.SurveyList, 1)
		p.Listed(feed.Responses, 1200)
		p.Done(feed.SurveyList)
		p.Rows.Add(98765)
		p.Exporting(qualtrics.Job{Step: qualtrics.JobStarted, ID: "ES_1"})
		time.Sleep(time.Minute)
		p.Exporting(qualtrics.Job{Step: qualtrics.JobStarted, ID: "ES_2"})
		p.Done(feed.Responses)
		time.Sleep(5 * time.Second)
		says("[1m5s] 1 of 1,200 surveys, 0 of 1 directories, 98,765 rows; 2 exports at Qualtrics for 1m5s")
		p.Done(feed.Contacts)
		p.Exporting(qualtrics.Job{Step: qualtrics.JobComplete, ID: "ES_1"})
		p.Waiting(qualtrics.Wait{Kind: qualtrics.WaitRateLimit, Until: time.Now().Add(42 * time.Second)})
		p.Waiting(qualtrics.Wait{Kind: qualtrics.WaitRetry, Until: time.Now().Add(3 * time.Second), Reason: "no answer"})
		says("[1m5s] 1 of 1,200 surveys, 98,765 rows; 1 export at Qualtrics for 5s; 1 download for 0s; a limit of Qualtrics for 42s more; trying again in 3s: no answer")
		time.Sleep(time.Hour)
		p.Exporting(qualtrics.Job{Step: qualtrics.JobEnded, ID: "ES_1"})
		p.Exporting(qualtrics.Job{Step: qualtrics.JobEnded, ID: "ES_2"})
		says("[1h1m5s] 1 of 1,200 surveys, 98,765 rows")
	})
}

func TestScreen_NeverMixesItsLineWithText(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := &Screen{out: &out, columns: func() int { return 40 }}
	text := s.Over(&out)
	step := func(what, want string) {
		t.Helper()
		if got := out.String(); got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
		out.Reset()
	}
	s.show("one")
	step("the first line", "one")
	s.show("two")
	step("the next one", "\r\x1b[Ktwo")
	_, _ = text.Write([]byte("text\n"))
	step("text", "\r\x1b[Ktext\n")
	_, _ = text.Write([]byte("half a"))
	s.show("three")
	step("text that does not end its line", "half a")
	_, _ = text.Write([]byte(" line\n"))
	s.show("four")
	step("its end", " line\nfour")
	s.show(strings.Repeat("0123456789", 5))
	step("a text that is too long", "\r\x1b[K0123456789012345678901234567890123...")
	s.show("Größe\n満足\x1b[2J")
	step("what is no plain text", "\r\x1b[KGr??e????[2J")
	s.clear()
	s.clear()
	step("the end", "\r\x1b[K")
	s.columns = func() int { return 10 }
	s.show("five")
	step("a terminal that is too narrow", "")
}
