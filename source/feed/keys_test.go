package feed_test

import (
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/feed"
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
		if got := feed.NewKeys(embedded, questions, nil).Embedded(key); got != want {
			t.Errorf("%q: got embedded %t, want %t", key, got, want)
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
	keys := feed.NewKeys([]string{"plan"}, []string{"QID1"}, func() map[string]string { asked++; return types })
	check := func(want map[string]bool) {
		t.Helper()
		for key, embedded := range want {
			for range 2 {
				if got := keys.Embedded(key); got != embedded {
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

func TestKeys_AskOnceForASchemaThatCannotBeRead(t *testing.T) {
	t.Parallel()
	asked := 0
	keys := feed.NewKeys(nil, nil, func() map[string]string { asked++; return map[string]string{} })
	for _, key := range []string{"a", "b", "QID1", "a"} {
		if got, want := keys.Embedded(key), key != "QID1"; got != want {
			t.Errorf("%q: got embedded %t, want %t", key, got, want)
		}
	}
	if asked != 1 {
		t.Errorf("the schema was asked for %d times, want once", asked)
	}
}
