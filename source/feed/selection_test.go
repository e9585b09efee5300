package feed_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

func TestSelection_TakesByName(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		include, exclude []string
		name             string
		want             bool
	}{
		{nil, nil, "anything", true},
		{nil, nil, "", true},
		{[]string{"NPS*"}, nil, "NPS 2024", true},
		{[]string{"NPS*"}, nil, "nps", true},
		{[]string{"nps*"}, nil, "NPS", true},
		{[]string{"*ÉTÉ*"}, nil, "enquête été 2024", true},
		{[]string{"NPS*"}, nil, "Our NPS", false},
		{[]string{"NPS"}, nil, "NPS 2024", false},
		{[]string{"*nps"}, nil, "Our NPS", true},
		{[]string{"Enquête été"}, nil, "ENQUE\u0302TE E\u0301TE\u0301", true},
		{[]string{"Enque\u0302te"}, nil, "enquête", true},
		{[]string{"Trailing blank"}, nil, "Trailing\u00a0blank ", true},
		{[]string{"NPS\u200b 2024\u00a0"}, nil, "NPS  2024", true},
		{nil, []string{"Staff\u00a0*"}, "Staff survey", false},
		{[]string{"*"}, nil, "", true},
		{[]string{"*"}, nil, "two\nlines", true},
		{[]string{"two*"}, nil, "two\nlines", true},
		{[]string{"?"}, nil, "", false},
		{[]string{"Q?"}, nil, "Q1", true},
		{[]string{"Q?"}, nil, "Q12", false},
		{[]string{"Q?"}, nil, "Qé", true},
		{[]string{"Q?"}, nil, "Q\U0001F600", true},
		{[]string{"Q?"}, nil, "Q\xff", true},
		{[]string{"*a*b*"}, nil, "xaybz", true},
		{[]string{"*a*b*"}, nil, "xbyaz", false},
		{[]string{"(NPS|CSAT) [1-3] $5.00^+{2}"}, nil, "(nps|csat) [1-3] $5.00^+{2}", true},
		{[]string{"N.S"}, nil, "NPS", false},
		{[]string{`a\*`}, nil, `a\b`, true},
		{[]string{`a\*`}, nil, `a*`, false},
		{[]string{`a\?`}, nil, `a\b`, true},
		{[]string{""}, nil, "NPS", false},
		{[]string{"x", "NPS*"}, nil, "NPS 1", true},
		{nil, []string{"*test*"}, "A Test", false},
		{nil, []string{"*test*"}, "NPS", true},
		{[]string{"NPS*"}, []string{"*test*"}, "NPS test", false},
		{[]string{"NPS*"}, []string{"NPS*"}, "NPS", false},
	} {
		selection := feed.Selection{Include: test.include, Exclude: test.exclude}
		if got := selection.Takes(&feed.Survey{ID: "SV_1", Name: test.name}); got != test.want {
			t.Errorf("include %q, exclude %q: got %t for %q, want %t", test.include, test.exclude, got, test.name, test.want)
		}
	}
}

func TestSelection_TakesByTheFieldsOfTheList(t *testing.T) {
	t.Parallel()
	since := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	survey := feed.Survey{ID: "SV_1", Name: "NPS", OwnerID: "UR_1", LastModified: since, IsActive: true}
	idle := survey
	idle.IsActive = false
	for name, test := range map[string]struct {
		selection feed.Selection
		survey    feed.Survey
		want      bool
	}{
		"active":                               {feed.Selection{ActiveOnly: true}, survey, true},
		"not active":                           {feed.Selection{ActiveOnly: true}, idle, false},
		"not active, without a condition":      {feed.Selection{}, idle, true},
		"of one of the owners":                 {feed.Selection{Owners: []string{"UR_0", "UR_1"}}, survey, true},
		"of another owner":                     {feed.Selection{Owners: []string{"UR_0"}}, survey, false},
		"of an owner in another case":          {feed.Selection{Owners: []string{"ur_1"}}, survey, false},
		"modified at the date":                 {feed.Selection{ModifiedSince: since}, survey, true},
		"modified before the date":             {feed.Selection{ModifiedSince: since.Add(time.Second)}, survey, false},
		"named by id":                          {feed.Selection{IDs: []string{"SV_0", "SV_1"}}, survey, true},
		"not named by id":                      {feed.Selection{IDs: []string{"SV_0"}}, survey, false},
		"not named by id though its name fits": {feed.Selection{IDs: []string{"SV_0"}, Include: []string{"*"}}, survey, false},
		"named by id though no other condition holds": {
			feed.Selection{IDs: []string{"SV_1"}, ActiveOnly: true, Owners: []string{"UR_0"}, ModifiedSince: since.Add(time.Hour), Include: []string{"x"}, Exclude: []string{"*"}}, idle, true,
		},
		"all conditions but one hold": {
			feed.Selection{ActiveOnly: true, Owners: []string{"UR_1"}, ModifiedSince: since, Include: []string{"nps"}, Exclude: []string{"NP?"}}, survey, false,
		},
	} {
		if got := test.selection.Takes(&test.survey); got != test.want {
			t.Errorf("%s: got %t, want %t", name, got, test.want)
		}
	}
}

func TestSelection_EachSurveyIsInOneShard(t *testing.T) {
	t.Parallel()
	const surveys = 3000
	for _, count := range []int{0, 1, 2, 3, 7, 64, 1000} {
		sizes := make([]int, max(1, count))
		for i := range surveys {
			id := fmt.Sprintf("SV_%015d", i)
			takers := 0
			for index := range sizes {
				named := feed.Selection{ShardIndex: index, ShardCount: count, IDs: []string{id}}
				matched := feed.Selection{ShardIndex: index, ShardCount: count}
				survey := &feed.Survey{ID: qualtrics.SurveyID(id)}
				if matched.Takes(survey) {
					takers++
					sizes[index]++
				}
				if named.Takes(survey) != matched.Takes(survey) {
					t.Fatalf("shard %d of %d: the shard of %s changes if it is named by its id", index, count, id)
				}
			}
			if takers != 1 {
				t.Fatalf("%d shards: %s belongs to %d of them, want one", count, id, takers)
			}
			if count > 64 && i == 200 {
				break // 1,000 shards take long
			}
		}
		if count < 2 || count > 64 {
			continue
		}
		for index, size := range sizes {
			if even := surveys / count; size < even/3 || size > even*3 {
				t.Errorf("shard %d of %d has %d surveys of %d", index, count, size, surveys)
			}
		}
	}
}

// A survey that moves to another shard is read from its beginning there, so
// no release may move one.
func TestSelection_NoReleaseMovesASurveyToAnotherShard(t *testing.T) {
	t.Parallel()
	for id, want := range map[string][2]int{ // of 2 and of 7
		"SV_3gbwq8aJgqPwQDP": {0, 1},
		"SV_56icaa9YAafpAqx": {0, 3},
		"SV_5BJRo2RGHajIlOB": {1, 2},
	} {
		for i, count := range []int{2, 7} {
			selection := feed.Selection{ShardIndex: want[i], ShardCount: count}
			if !selection.Takes(&feed.Survey{ID: qualtrics.SurveyID(id)}) {
				t.Errorf("%s is no longer in shard %d of %d", id, want[i], count)
			}
		}
	}
}
