package qualtrics_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// shelf serves lists by offset, two elements a page, while they change.
type shelf struct {
	ids    []string
	member string           // of the id
	change func(passes int) // called between the first and the second page of each pass
	passes int
}

func (s *shelf) serve(r *http.Request) *http.Response {
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	if offset == 2 {
		s.passes++
		s.change(s.passes)
	}
	from := min(offset, len(s.ids))
	to := min(from+2, len(s.ids))
	var elements []string
	for _, id := range s.ids[from:to] {
		elements = append(elements, fmt.Sprintf(`{%q:%q}`, s.member, id))
	}
	next := "null"
	if to < len(s.ids) {
		next = strconv.Quote(fmt.Sprintf("%s?offset=%d", r.URL.Path, to))
	}
	return ok(`{"elements":[` + strings.Join(elements, ",") + `],"nextPage":` + next + `}`)
}

func TestAllSurveys_OneThatSlipsBetweenTwoPagesIsFoundByAnotherPass(t *testing.T) {
	t.Parallel()
	s := &shelf{ids: []string{"SV_1", "SV_2", "SV_3", "SV_4", "SV_5"}, member: "id"}
	s.change = func(passes int) {
		if passes == 1 {
			s.ids = s.ids[1:] // SV_3 moves to the page that was read already
		}
	}
	surveys, err := client(t, s.serve).AllSurveys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, survey := range surveys {
		got = append(got, string(survey.ID))
	}
	if !slices.Equal(got, s.ids) || s.passes != 3 {
		t.Errorf("got %v after %d passes, want %v after 3", got, s.passes, s.ids)
	}
}

func TestAllDirectories_OneThatSlipsBetweenTwoPagesIsFoundByAnotherPass(t *testing.T) {
	t.Parallel()
	s := &shelf{ids: []string{"POOL_1", "POOL_2", "POOL_3"}, member: "directoryId"}
	s.change = func(passes int) {
		if passes == 1 {
			s.ids = s.ids[1:]
		}
	}
	directories, err := client(t, s.serve).AllDirectories(t.Context())
	if err != nil || len(directories) != 2 || directories[1].ID != "POOL_3" {
		t.Errorf("got %v, %v", directories, err)
	}
}

func TestAllSurveys_AQuietListIsReadTwiceAndOneOfOnePageOnce(t *testing.T) {
	t.Parallel()
	for ids, want := range map[string]int{"SV_1 SV_2": 1, "SV_1 SV_2 SV_3": 4, "": 1} {
		calls := 0
		s := &shelf{ids: strings.Fields(ids), member: "id", change: func(int) {}}
		surveys, err := client(t, func(r *http.Request) *http.Response { calls++; return s.serve(r) }).AllSurveys(t.Context())
		if err != nil || len(surveys) != len(s.ids) || calls != want {
			t.Errorf("%q: got %d surveys, %v after %d calls, want %d", ids, len(surveys), err, calls, want)
		}
	}
}

func TestAllSurveys_NewOnesInEveryPassDoNoHarm(t *testing.T) {
	t.Parallel()
	s := &shelf{ids: []string{"SV_1", "SV_2", "SV_3"}, member: "id"}
	s.change = func(passes int) { s.ids = append(s.ids, fmt.Sprintf("SV_new%d", passes)) }
	surveys, err := client(t, s.serve).AllSurveys(t.Context())
	if err != nil || len(surveys) != 5 || s.passes != 2 {
		t.Errorf("got %d surveys, %v after %d passes, want 5 after 2", len(surveys), err, s.passes)
	}
}

func TestAllSurveys_AListThatLosesOneInEveryPassIsAnErrorThatPasses(t *testing.T) {
	t.Parallel()
	s := &shelf{ids: []string{"SV_1", "SV_2", "SV_3", "SV_4", "SV_5", "SV_6", "SV_7", "SV_8"}, member: "id"}
	s.change = func(int) { s.ids = s.ids[1:] }
	_, err := client(t, s.serve).AllSurveys(t.Context())
	var unsettled *qualtrics.UnsettledError
	if !errors.As(err, &unsettled) || qualtrics.Kind(err) != qualtrics.KindTransient || !strings.Contains(err.Error(), "list of surveys") {
		t.Errorf("got %v", err)
	}
}
