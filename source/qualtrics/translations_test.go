package qualtrics_test

import (
	"context"
	"net/http"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// translations is a server with the languages of a survey and its texts.
func translations(languages string, texts map[string]string) server {
	return func(r *http.Request) *http.Response {
		if path.Base(r.URL.Path) == "languages" {
			return ok(languages)
		}
		if text, known := texts[strings.TrimPrefix(r.URL.Path, "/API/v3/surveys/SV_1/translations/")]; known {
			return ok(text)
		}
		return failed(404, "UNF_9", "Resource not found")
	}
}

func TestTranslations_ReadTheTextsOfEachLanguage(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"EN": `{"QID1_QuestionText":"<b>Why</b>?","SV_1_Title":"T","QID1_Choice10":5,"QID1_Choice2":true,"":"no key"}`,
		"DE": `{"QID1_QuestionText":null,"Buttons":{"Next":"\u003eWeiter"}}`,
		"FR": `[]`,
	}
	for _, languages := range []string{`{"AvailableLanguages":["EN","DE","FR"]}`, `{"AvailableLanguages":{"EN":[],"DE":[],"FR":[]}}`} {
		var got []string
		for translation, err := range client(t, translations(languages, texts)).Translations("SV_1").Pages(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			text := "none"
			if translation.Text != nil {
				text = *translation.Text
			}
			got = append(got, translation.ID()+" "+text)
		}
		want := []string{"EN/QID1_QuestionText <b>Why</b>?", "EN/SV_1_Title T", "EN/QID1_Choice10 5", "EN/QID1_Choice2 true", "DE/QID1_QuestionText none", `DE/Buttons {"Next":"\u003eWeiter"}`}
		if strings.Contains(languages, "{\"EN") { // names are sorted
			want = append(want[4:], want[:4]...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", languages, diff)
		}
	}
}

// An answer in another form says nothing about the texts.
func TestTranslations_InAnotherFormAreUnreadable(t *testing.T) {
	t.Parallel()
	read := func(ctx context.Context, c *qualtrics.Client) error {
		_, err := c.Translations("SV_1").All(ctx)
		return err
	}
	for _, languages := range []string{`{}`, `[]`, `{"AvailableLanguages":null}`, `{"AvailableLanguages":"EN"}`} {
		unreadable(t, languages, "it has no list of languages", read)
	}
	for _, texts := range []string{`["a"]`, `"a"`, `7`} {
		c := client(t, translations(`{"AvailableLanguages":["EN"]}`, map[string]string{"EN": texts}), func(o *qualtrics.Options) { o.Limits.Tries = 1 })
		if err := read(t.Context(), c); err == nil || !strings.Contains(err.Error(), "it has no texts by their keys") {
			t.Errorf("%s: got %v", texts, err)
		}
	}
	c := client(t, translations(`{"AvailableLanguages":["EN","XX"]}`, map[string]string{"EN": `{}`}))
	if err := read(t.Context(), c); !qualtrics.IsNotFound(err) {
		t.Errorf("of a language that is not there: got %v", err)
	}
}

// A definition is read once for all sections, and again for a section whose list it lacks.
func TestReadDefinition_MakesOneCallForAllSections(t *testing.T) {
	t.Parallel()
	whole := `{"Questions":[],"Blocks":[{"ID":"BL_1"}],"SurveyFlow":{"FlowID":"FL_1"},"Scoring":[],"SurveyOptions":{"SurveyLanguage":"EN"}}`
	s, calls := script(func() *http.Response { return ok(whole) })
	reading := client(t, s).ReadDefinition("SV_1")
	for section, want := range map[qualtrics.DefinitionSection]int{
		qualtrics.QuestionSection: 0, qualtrics.BlockSection: 1, qualtrics.ElementSection: 0, qualtrics.FlowSection: 1, qualtrics.FieldSection: 0,
		qualtrics.ScoringSection: 0, qualtrics.LanguageSection: 1, qualtrics.WholeSection: 1,
	} {
		if got, err := reading.Parts(section).All(t.Context()); err != nil || len(got) != want {
			t.Errorf("%q: got %d parts, %v, want %d", section, len(got), err, want)
		}
	}
	if *calls != 1 {
		t.Errorf("%d calls were made", *calls)
	}
	s, calls = script(func() *http.Response { return ok(`{"Blocks":[]}`) }, func() *http.Response { return ok(whole) })
	reading = client(t, s).ReadDefinition("SV_1")
	for _, section := range []qualtrics.DefinitionSection{qualtrics.BlockSection, qualtrics.FlowSection, qualtrics.FieldSection} {
		if _, err := reading.Parts(section).All(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if *calls != 2 {
		t.Errorf("%d calls were made, want one more for the flow", *calls)
	}
}
