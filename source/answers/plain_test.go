package answers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/answers"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

func plain(text string) string {
	definition := &qualtrics.SurveyDefinition{Questions: []qualtrics.Question{{ID: "QID1", Text: &text}}}
	return answers.NewCodebook(definition, nil).Field("QID1").QuestionText
}

func TestCodebook_TextsHaveNoHTML(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{
		"":                                "",
		"How <b>are</b> you?":             "How are you?",
		"Sales &amp; Service&nbsp;now":    "Sales & Service now",
		"one<br>two<BR/>three<p>four":     "one two three four",
		" a\r\n\t b ":                     "a b",
		"1 < 2 and 3 <4> 5":               "1 < 2 and 3 <4> 5",
		"<style>p{color:red}</STYLE>x":    "x",
		"<script>a<b</script>x":           "x",
		"<style>never closed":             "never closed",
		"<style>a</style2><style>b":       "b",
		"<!-- a comment -->x":             "x",
		"x<b":                             "x<b",
		"x<":                              "x<",
		`<span style="a>b">x</span>`:      `b">x`,
		"<div\nclass='a'>x</div>y":        "x y",
		"\u65e5\u672c<ruby>\u8a9e</ruby>": "\u65e5\u672c\u8a9e",
		"&lt;b&gt; stays":                 "<b> stays",
	} {
		if got := plain(html); got != want {
			t.Errorf("%q is shown as %q, want %q", html, got, want)
		}
	}
}

// Long texts without end tags take time in proportion to their length.
func TestCodebook_LongTextsAreReadOnce(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	for _, piece := range []string{"<style>", "<script>", "</styl", "<", "&", "<style></s"} {
		plain(strings.Repeat(piece, 1<<20/len(piece)))
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}
