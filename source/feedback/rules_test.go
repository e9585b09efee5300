package feedback_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/feedback"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
)

// Each question type has its kind and scale, by its choices and the words of the question.
func TestRead_KindsAndScalesByQuestion(t *testing.T) {
	t.Parallel()
	satisfied := []string{"Extremely dissatisfied", "Dissatisfied", "Neutral", "Satisfied", "Extremely satisfied"}
	slider := ask("QID1", "Slider", "HSLIDER", "How warm?", "Brand")
	slider.Low, slider.High = pointer("-5"), pointer("5")
	stars := ask("QID1", "Slider", "STAR", "How many stars?", "Taste")
	stars.High = pointer("5")
	column := matrix("QID1#1", "Likert", "SingleAnswer", "Agree?", "Disagree", "Neither", "Agree")
	column.Parent = pointer("QID1")
	for name, test := range map[string]struct {
		question       qualtrics.Question
		values, labels string
		want           string // "": nothing
	}{
		"NPS":                       {ask("QID1", "MC", "NPS", "How likely?"), `{"QID1":9,"QID1_NPS_GROUP":3}`, "", "QID1 nps 9 of 0..10 recorded"},
		"NPS with a row":            {ask("QID1", "MC", "NPS", "How likely?"), `{"QID1_1":9}`, "", ""},
		"a matrix without a row":    {matrix("QID1", "Likert", "SingleAnswer", "And?", "Alpha", "Beta", "Gamma"), `{"QID1":2}`, "", ""},
		"not sure in the middle":    {ask("QID1", "MC", "SAVR", "Again?", "Definitely would not", "Not sure", "Definitely would"), `{"QID1":2}`, "", "QID1 rating 2 of 1..3 assumed"},
		"importance":                {ask("QID1", "MC", "SAVR", "How important?", "Not at all important", "Slightly important", "Very important"), `{"QID1":3}`, "", "QID1 rating 3 of 1..3 assumed"},
		"NPS beyond its scale":      {ask("QID1", "MC", "NPS", "How likely?"), `{"QID1":15}`, "", "QID1 nps  of 0..10 recorded"},
		"NPS that is no number":     {ask("QID1", "MC", "NPS", "How likely?"), `{"QID1":"many"}`, "", "QID1 nps  of 0..10 recorded"},
		"NPS as text":               {ask("QID1", "MC", "NPS", "How likely?"), `{"QID1":"7"}`, "", "QID1 nps 7 of 0..10 recorded"},
		"NPS that is null":          {ask("QID1", "MC", "NPS", "How likely?"), `{"QID1":null}`, "", ""},
		"NPS that is empty":         {ask("QID1", "MC", "NPS", "How likely?"), `{"QID1":" "}`, "", ""},
		"exact digits":              {ask("QID1", "MC", "NPS", "How likely?"), `{"QID1":7.50}`, "", "QID1 nps 7.50 of 0..10 recorded"},
		"satisfaction":              {ask("QID1", "MC", "SAVR", "And overall?", satisfied...), `{"QID1":4}`, "", "QID1 csat 4 of 1..5 assumed"},
		"satisfaction in reverse":   {recoded(ask("QID1", "MC", "SAVR", "And overall?", satisfied...), "5", "4", "3", "2", "1"), `{"QID1":1}`, "", "QID1 csat 1 of 5..1 assumed"},
		"satisfaction, Portuguese":  {ask("QID1", "MC", "SAHR", "E no geral?", "Muito insatisfeito", "Indiferente", "Muito satisfeito"), `{"QID1":3}`, "", "QID1 csat 3 of 1..3 assumed"},
		"satisfaction with a no":    {ask("QID1", "MC", "DL", "And?", "Not at all satisfied", "Partly", "Satisfied"), `{"QID1":3}`, "", "QID1 csat 3 of 1..3 assumed"},
		"numbered satisfaction":     {ask("QID1", "MC", "SAHR", "How satisfied are you?", "1 - Poor", "2", "3 - Excellent"), `{"QID1":2}`, "", "QID1 csat 2 of 1..3 assumed"},
		"marks at school":           {ask("QID1", "MC", "SAHR", "Your mark?", "1 - Excellent", "2", "3", "4 - Poor"), `{"QID1":2}`, "", "QID1 rating 2 of 4..1 assumed"},
		"numbers and line breaks":   {ask("QID1", "MC", "SAHR", "And?", "1<br>\nPoor", "2", "3\nGood"), `{"QID1":2}`, "", "QID1 rating 2 of 1..3 assumed"},
		"numbers in brackets":       {ask("QID1", "MC", "SAHR", "And?", "Never (0)", "Now (1)", "Always (2)"), `{"QID1":3}`, "", "QID1 rating 2 of 0..2 assumed"},
		"effort":                    {ask("QID1", "MC", "SAHR", "How was it?", "Very difficult", "So so", "Very easy"), `{"QID1":3}`, "", "QID1 ces 3 of 1..3 assumed"},
		"effort by agreement":       {ask("QID1", "MC", "SAVR", "They made it easy for me", "Disagree", "Neither", "Agree"), `{"QID1":1}`, "", "QID1 ces 1 of 1..3 assumed"},
		"NPS as a choice":           {numbersOf("QID1", "Would you recommend us?", 11), `{"QID1":11}`, "", "QID1 nps 10 of 0..10 assumed"},
		"not applicable":            {ask("QID1", "MC", "SAHR", "And?", "1", "2", "3", "Not applicable"), `{"QID1":4}`, "", ""},
		"beside not applicable":     {ask("QID1", "MC", "SAHR", "And?", "1", "2", "3", "I don't know"), `{"QID1":3}`, "", "QID1 rating 3 of 1..3 assumed"},
		"a choice that is gone":     {ask("QID1", "MC", "SAHR", "And?", "1", "2", "3"), `{"QID1":5}`, "", "QID1 rating 5 of .. assumed"},
		"a label that is gone":      {recoded(ask("QID1", "MC", "SAHR", "And?", "1", "2", "3"), "7", "8", "9"), `{"QID1":10}`, `{"QID1":"4 - good"}`, "QID1 rating 4 of .. assumed"},
		"places":                    {ask("QID1", "MC", "SAVR", "Where?", "North", "South", "East"), `{"QID1":2}`, "", ""},
		"yes and no":                {ask("QID1", "MC", "SAVR", "Happy?", "1 yes", "2 no"), `{"QID1":2}`, "", ""},
		"ages":                      {ask("QID1", "MC", "SAVR", "Your age?", "18-24", "25-34", "35-44"), `{"QID1":2}`, "", ""},
		"amounts":                   {ask("QID1", "MC", "SAVR", "How many?", "0", "1", "2 or more"), `{"QID1":2}`, "", ""},
		"years":                     {ask("QID1", "MC", "DL", "When?", "2023", "2024", "2025"), `{"QID1":2}`, "", ""},
		"two equal codes":           {recoded(ask("QID1", "MC", "SAVR", "And?", "1", "2", "3"), "1", "1", "3"), `{"QID1":1}`, "", ""},
		"several choices":           {ask("QID1", "MC", "MAVR", "And?", "1", "2", "3"), `{"QID1":["1","2"]}`, "", ""},
		"a slider":                  {slider, `{"QID1_1":-2.5}`, "", "QID1_1 rating -2.5 of -5..5 client"},
		"a slider of another scale": {slider, `{"QID1_1":50}`, "", "QID1_1 rating 50 of .. client"},
		"a slider without ends":     {ask("QID1", "Slider", "HBAR", "How satisfied?", "Brand"), `{"QID1_1":50}`, "", "QID1_1 csat 50 of .. client"},
		"stars":                     {stars, `{"QID1_1":4.5}`, "", "QID1_1 rating 4.5 of 0..5 assumed"},
		"a matrix":                  {matrix("QID1", "Likert", "SingleAnswer", "And?", "Alpha", "Beta", "Gamma"), `{"QID1_1":2}`, "", "QID1_1 rating 2 of 1..3 assumed"},
		"a matrix of satisfaction":  {matrix("QID1", "Likert", "DL", "And?", satisfied...), `{"QID1_1":2}`, "", "QID1_1 csat 2 of 1..5 assumed"},
		"a matrix of two":           {matrix("QID1", "Likert", "SingleAnswer", "And?", "Yes", "No"), `{"QID1_1":2}`, "", ""},
		"a matrix of several":       {matrix("QID1", "Likert", "MultipleAnswer", "And?", "1", "2", "3"), `{"QID1_1":["2"]}`, "", ""},
		"a bipolar matrix":          {matrix("QID1", "Bipolar", "", "And?", "", "", ""), `{"QID1_1":2}`, "", "QID1_1 rating 2 of 1..3 assumed"},
		"best and worst":            {matrix("QID1", "MaxDiff", "", "And?", "1", "2", "3"), `{"QID1_1":2}`, "", ""},
		"a column side by side":     {column, `{"QID1#1_1":3}`, "", "QID1#1_1 rating 3 of 1..3 assumed"},
		"ranks":                     {ask("QID1", "RO", "DND", "Rank", "1", "2", "3"), `{"QID1_1":3}`, "", ""},
		"points to distribute":      {ask("QID1", "CS", "HBAR", "Distribute", "1", "2", "3"), `{"QID1_1":30}`, "", ""},
		"a text":                    {ask("QID1", "TE", "ML", "Why?"), `{"QID1_TEXT":"0042"}`, "", `QID1_TEXT comment "0042" recorded`},
		"a text in a loop":          {ask("QID1", "TE", "ML", "Why?"), `{"2_QID1_TEXT":"so\nso"}`, "", `2_QID1_TEXT comment "so\nso" recorded`},
		"an empty text":             {ask("QID1", "TE", "ML", "Why?"), `{"QID1_TEXT":" \n\t "}`, "", ""},
		"a field of a form":         {ask("QID1", "TE", "FORM", "Where?", "Town"), `{"QID1_1":"Quito"}`, "", `QID1_1 comment "Quito" recorded`},
		"a text beside a choice":    {ask("QID1", "MC", "SAVR", "Where?", "Other"), `{"QID1_1_TEXT":"here"}`, "", `QID1_1_TEXT comment "here" recorded`},
		"topics of a text":          {ask("QID1", "TE", "ML", "Why?"), `{"QID1_TEXT_72a02c576fa44110b0c20aa9Topics":["Price"]}`, "", ""},
		"an upload":                 {ask("QID1", "FileUpload", "FileUpload", "Show"), `{"QID1_FILE_NAME":"a.png"}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := survey{questions: []qualtrics.Question{test.question}}
			var want []string
			if test.want != "" {
				want = []string{test.want}
			}
			if diff := cmp.Diff(want, seen(s.read(t, test.values, test.labels))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// numbersOf returns a choice between the numbers from 0, whose codes begin at 1.
func numbersOf(id, text string, count int) qualtrics.Question {
	all := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}
	return ask(id, "MC", "SAHR", text, all[:count]...)
}

// Without a definition, texts are found by the schema or by the value, and scores by the
// labels of the schema or by the group of an NPS. Other values stay what they are.
func TestRead_WithoutADefinition(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"1": "Very dissatisfied", "2": "Neutral", "3": "Very satisfied"}
	s := survey{schema: map[string]qualtrics.Property{"QID5": {QuestionID: "QID5", QuestionTag: "Q5", Labels: labels}}}
	got := seen(s.read(t, `{"QID1":9,"QID1_NPS_GROUP":3,"2_QID1":4,"QID2_TEXT":"why","QID3_1":"Quito","QID4":7,"QID5":3,"QID6":["a"],"QID7":"12","QID8":"North","QID9":""}`,
		`{"QID8":"The north"}`))
	want := []string{`QID1 nps 9 of 0..10 recorded`, `QID2_TEXT comment "why" recorded`, `QID3_1 comment "Quito" assumed`, `QID5 csat 3 of 1..3 assumed`, `QID7 comment "12" assumed`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Settings replace the rules for a question, for one survey or for all.
func TestRead_SettingsReplaceRules(t *testing.T) {
	t.Parallel()
	settings := &feedback.Settings{Questions: make(map[string]feedback.Choice)}
	for _, entry := range []string{
		"QID1=skip", "SV_1/QID1=csat 1-5", "SV_2/QID2=rating", "QID3=review", "QID4=rating -1..1", "QID5=skip", "QID6=nps", "QID7=effort_2", "QID8#1=ces 3-1", "QID9=csat", "QID11=rating",
	} {
		key, choice, err := feedback.ParseQuestion(entry)
		if err != nil {
			t.Fatal(err)
		}
		settings.Questions[key] = choice
	}
	column := matrix("QID8#1", "Likert", "SingleAnswer", "Agree?", "a", "b", "c")
	column.Parent = pointer("QID8")
	s := survey{settings: settings, questions: []qualtrics.Question{
		ask("QID1", "MC", "SAVR", "Where?", "North", "South", "East"), ask("QID2", "MC", "SAVR", "Where?", "North", "South", "East"),
		ask("QID3", "TE", "ML", "Why?"), ask("QID4", "Slider", "HBAR", "Warm?", "Brand"), ask("QID5", "MC", "NPS", "Likely?"),
		ask("QID6", "MC", "SAVR", "Likely?"), ask("QID7", "MC", "SAVR", "And?", "1", "2", "3"), column, ask("QID8", "SBS", "SBSMatrix", "All"), ask("QID9", "RO", "DND", "Rank"),
	}}
	got := seen(s.read(t, `{"QID1":2,"QID1_2_TEXT":"there","QID2":2,"QID3_TEXT":"so","QID4_1":7,"QID5":9,"QID6":9,"QID7":2,"QID8#1_1":2,"QID9_1":1,"QID10":"a text","QID10_1":5,"QID11":"7"}`, ""))
	want := []string{
		`QID1 csat 2 of 1..5 configured`, `QID1_2_TEXT comment "there" recorded`, `QID3_TEXT review "so" configured`, `QID4_1 rating  of -1..1 configured`,
		`QID6 nps 9 of 0..10 configured`, `QID7 effort_2 2 of 1..3 configured`, `QID8#1_1 ces 2 of 3..1 configured`, `QID10 comment "a text" assumed`, `QID11 rating 7 of .. configured`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
