package response_test

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/response"
)

func TestKeys_TellAnswersFromEmbeddedData(t *testing.T) {
	t.Parallel()
	embedded := []string{"plan", "QID1", "1_QID1", "QID99", "Q_URL", "SC_given", "FL_1_DO", "Name with spaces (and more)"}
	questions := []string{"QID1", "QID2"}
	for key, want := range map[string]bool{ // true: embedded data
		// Answers of questions of the survey, whatever else has their name.
		"QID1": false, "QID2": false, "QID1_3_TEXT": false, "QID1#1_2": false, "QID1-3": false, "QID2_NPS_GROUP": false,
		"1_QID1": false, "x1_QID1": false, "1_2_QID2_TEXT": false, "QID2_x4_TEXT": false, "QID1_DO": false, "QID1_ADO": false,
		// Answers by their looks: of deleted questions, scores, display orders, analyses.
		"QID98": false, "QID98_TEXT": false, "3_QID98": false, "QID34_TEXT_f00715df_939rt99f49pwTopics": false, "QID17_FollowUpPrompt": false,
		"QID64_G0_14_RANK": false, "QID64_0_GROUP": false, "QID9_DERIVEDabcdefg": false, "SC_9ABCdef": false, "FL_7_DO": false, "BL_3xY_DO": false,
		// System names, unless the survey's flow sets them.
		"Q_BallotBoxStuffing": false, "Q_DataPolicyViolations": false, "Q_URL": true,
		// Embedded data that look like answers of questions the survey has not.
		"QID99": true, "SC_given": true, "FL_1_DO": true,
		// Embedded data by name, and what only a link ever set.
		"plan": true, "Name with spaces (and more)": true, "utm_source": true, "Plan": true, "": true, "Create New Field or Choose From Dropdown...": true,
		"QID": true, "QID1x": true, "QIDabc": true, "qid1": true, "my QID1": true, "x_QID1": true, "QID 1": true, "SC_": true, "SC_a b": true,
		"FL_7": true, "BL_DO": true, "q_url": true, "QSEDResponseId": true, "日本": true,
	} {
		if got, err := response.NewKeys(embedded, questions, nil).Embedded(key); got != want || err != nil {
			t.Errorf("%q: got embedded %t, %v, want %t", key, got, err, want)
		}
	}
}

func TestKeys_AskTheSchemaOnceAndOnlyWhereTheSurveyIsSilent(t *testing.T) {
	t.Parallel()
	types := map[string]string{
		"QID1": "embeddedData", "plan": "question", // the survey knows better
		"QID98": "embeddedData", "Q_URL": "embeddedData", "weird": "question", "score": "metadata", "QID97": "", "free": "novelty",
	}
	asked := 0
	keys := response.NewKeys([]string{"plan"}, []string{"QID1"}, func() (map[string]string, error) { asked++; return types, nil })
	check := func(want map[string]bool) {
		t.Helper()
		for key, embedded := range want {
			for range 2 {
				if got, err := keys.Embedded(key); got != embedded || err != nil {
					t.Errorf("%q: got embedded %t, want %t", key, got, embedded)
				}
			}
		}
	}
	check(map[string]bool{"QID1": false, "QID1_TEXT": false, "1_QID1": false, "plan": true})
	if asked != 0 {
		t.Errorf("the schema was asked for %d times though the survey said all", asked)
	}
	check(map[string]bool{
		"QID98": true, "Q_URL": true, "weird": false, "score": false, // as the schema says
		"QID97": false, "free": true, "QID96": false, "unknown": true, "Q_Other": false, // it says nothing: by their looks
	})
	if asked != 1 {
		t.Errorf("the schema was asked for %d times, want once", asked)
	}
}

// Without the schema the meaning of a name is unknown, and is not guessed.
func TestKeys_AskOnceForASchemaThatCannotBeRead(t *testing.T) {
	t.Parallel()
	asked, broken := 0, errors.New("no answer")
	keys := response.NewKeys([]string{"plan"}, []string{"QID1"}, func() (map[string]string, error) { asked++; return nil, broken })
	for key, want := range map[string]error{"a": broken, "QID2": broken, "Q_URL": broken, "QID1": nil, "plan": nil} {
		if got, err := keys.Embedded(key); got != (key == "plan") || !errors.Is(err, want) {
			t.Errorf("%q: got embedded %t, %v, want the error %v", key, got, err, want)
		}
	}
	if asked != 1 {
		t.Errorf("the schema was asked for %d times, want once", asked)
	}
}

// What is remembered of names does not grow with them.
func TestKeys_RememberNoMoreThanTheyMay(t *testing.T) {
	live := func() uint64 {
		runtime.GC()
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	for name, test := range map[string]struct{ names, length int }{
		"many": {400_000, 100},
		"long": {40, 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			keys := response.NewKeys([]string{"plan"}, []string{"QID1"}, nil)
			before, began := live(), time.Now()
			for i := range test.names {
				answer, err := keys.Embedded(fmt.Sprintf("QID1_%0*d", test.length, i))
				plan, planErr := keys.Embedded("plan")
				if answer || !plan || err != nil || planErr != nil {
					t.Fatalf("name %d changed what the names are", i)
				}
			}
			if took := time.Since(began) / time.Duration(test.names); took > time.Second {
				t.Errorf("a name took %s", took)
			}
			if after := live(); after > before+24<<20 {
				t.Errorf("%d names left %d bytes", test.names, after-before)
			}
			runtime.KeepAlive(keys)
		})
	}
}
