package answers_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/birdie-ai/source-qualtrics/source/answers"
)

// questionnaire has a question of each type, in the shapes that definitions have.
const questionnaire = `{
"QID1":{"QuestionText":"On which <b>team</b>?","DataExportTag":"Q1","QuestionType":"MC","Selector":"SAVR","SubSelector":"TX",
	"Choices":{"1":{"Display":"Sales &amp; Service"},"10":{"Display":"Other","TextEntry":"true"}},"RecodeValues":{"1":"5","10":"6"},"VariableNaming":{"10":"other"}},
"QID36":{"QuestionText":"Which?","QuestionType":"MC","Selector":"MAVR","Choices":{"1":{"Display":"Ropes"},"7":{"Display":"Other","TextEntry":1}},"RecodeValues":[]},
"QID18":{"QuestionText":"Recommend?","QuestionType":"MC","Selector":"NPS","Choices":[{"Display":"0"},{"Display":"1"},{"Display":"2"}]},
"QID27":{"QuestionText":"Why?","QuestionType":"TE","Selector":"ESTB"},
"QID10":{"QuestionText":"Where?","QuestionType":"TE","Selector":"FORM","Choices":{"1":{"Display":"City"},"2":{"Display":"Country"}}},
"QID6":{"QuestionText":"Agree?","QuestionType":"Matrix","Selector":"Likert","SubSelector":"SingleAnswer",
	"Choices":{"1":{"Display":"Fast"},"3":{"Display":"Else","TextEntry":"true"}},"Answers":{"1":{"Display":"No"},"2":{"Display":"Yes"}},"RecodeValues":{"1":"-1","2":"10"}},
"QID13":{"QuestionText":"Words?","QuestionType":"Matrix","Selector":"Likert","SubSelector":"MultipleAnswer","Choices":{"2":{"Display":"App"}},"Answers":{"1":{"Display":"Nice"},"7":{"Display":"Odd"}}},
"QID5":{"QuestionText":"Cells","QuestionType":"Matrix","Selector":"TE","SubSelector":"Short","Choices":{"1":{"Display":"Row"}},"Answers":{"2":{"Display":"Column"}}},
"QID7":{"QuestionText":"Order","QuestionType":"Matrix","Selector":"RO","Choices":{"1":{"Display":"Row"}},"Answers":{"2":{"Display":"Column"}}},
"QID9":{"QuestionText":"Shares","QuestionType":"Matrix","Selector":"CS","Choices":{"1":{"Display":"Row"}},"Answers":{"2":{"Display":"Column"}}},
"QID19":{"QuestionText":"Best","QuestionType":"Matrix","Selector":"MaxDiff","Choices":{"4":{"Display":"Mint"}},"Answers":{"1":{"Display":"Least"},"2":{"Display":"Most"}}},
"QID8":{"QuestionText":"Side by side","QuestionType":"SBS","Selector":"SBSMatrix","Choices":{"1":{"Display":"One"},"2":{"Display":"Two"},"4":{"Display":"Four","TextEntry":"true"}},"AdditionalQuestions":{
	"1":{"QuestionText":"Single","QuestionType":"Matrix","Selector":"Likert","SubSelector":"SingleAnswer","QuestionID":"QID8#1","Answers":{"1":{"Display":"No"}}},
	"2":{"QuestionText":"Several","QuestionType":"Matrix","Selector":"Likert","SubSelector":"MultipleAnswer","QuestionID":"QID8#2","Answers":{"1":{"Display":"A"},"2":{"Display":"B"}}},
	"3":{"QuestionText":"Text","QuestionType":"Matrix","Selector":"TE","QuestionID":"QID8#3","Choices":{"2":{"Display":"Own row"}},"Answers":{"1":{"Display":"Comment"}}}}},
"QID80":{"QuestionText":"Without columns","QuestionType":"SBS","Selector":"SBSMatrix","Choices":{"2":{"Display":"Two"}}},
"QID31":{"QuestionText":"Rank","QuestionType":"RO","Selector":"DND","Choices":{"1":{"Display":"Speed"}}},
"QID29":{"QuestionText":"Points","QuestionType":"CS","Selector":"HBAR","Choices":{"1":{"Display":"Price"}}},
"QID30":{"QuestionText":"Warm","QuestionType":"Slider","Selector":"HSLIDER","Choices":{"1":{"Display":"Brand"}}},
"QID12":{"QuestionText":"Live","QuestionType":"DD","Selector":"DL","Choices":{"1":{"Display":"Country"}},"Answers":{"1":{"Display":"one"},"2":{"Display":"one ~ 1.1"}}},
"QID64":{"QuestionText":"Sort","QuestionType":"PGR","Selector":"DragAndDrop","Choices":{"13":{"Display":"A"},"14":{"Display":"B"},"5":{"Display":"Own","TextEntry":"true"}},"Groups":["Keep","Drop"]},
"QID14":{"QuestionText":"Timing","QuestionType":"Timing","Selector":"PageTimer","Choices":{"1":{"Display":"First Click"}}},
"QID15":{"QuestionText":"Browser","QuestionType":"Meta","Selector":"Browser"},
"QID23":{"QuestionText":"Upload","QuestionType":"FileUpload","Selector":"FileUpload"},
"QID24":{"QuestionText":"Sign","QuestionType":"Draw","Selector":"Signature"},
"QID20":{"QuestionText":"Click","QuestionType":"HeatMap","Selector":"Image","Choices":{"1":{"Display":"X,Y"}}},
"QID21":{"QuestionText":"Regions","QuestionType":"HotSpot","Selector":"LikeDislike","Choices":{"27":{"Display":"Region #1"}},"Answers":{"1":{"Display":"Dislike"}}},
"QID22":{"QuestionText":"Mark","QuestionType":"HL","Selector":"Text","Choices":{"38":{"WordIndex":5,"Display":"2: is"},"86":{"Display":"9: it"}},"Answers":{"3":{"Display":"Like"}}},
"QID28":{"QuestionText":"Carried","QuestionType":"Matrix","Selector":"Likert","SubSelector":"SingleAnswer","Choices":[],"DynamicChoicesData":{"x1":{"Display":"Acorn"},"x4":{"Display":"Other"}},"Answers":{"1":{"Display":"Bad"}}}
}`

const model = "72a02c576fa44110b0c20aa9"

// one is an answer in short: rule, kind, certainty and parts.
type one struct {
	rule      string
	kind      answers.Kind
	certainty answers.Certainty
	parts     answers.Parts
	row       string // text of the row, the answer of the cell and the group
	choice    string // id of the chosen option
	label     string
}

// A value of each row of the value-key table (API §3.6) has its rule, in the order of the table.
func TestAnswers_FollowTheTableOfValueKeys(t *testing.T) {
	t.Parallel()
	const recorded, client, assumed = answers.Recorded, answers.Client, answers.Assumed
	of := func(question string) answers.Parts { return answers.Parts{QuestionID: question} }
	row := func(question, row string) answers.Parts { return answers.Parts{QuestionID: question, RowID: row} }
	cell := func(question string) answers.Parts {
		return answers.Parts{QuestionID: question, RowID: "1", AnswerID: "2"}
	}
	detail := func(question, word string) answers.Parts { return answers.Parts{QuestionID: question, Detail: word} }
	text := func(word string) answers.Parts {
		return answers.Parts{QuestionID: "QID27", ModelID: model, Detail: word}
	}
	book, tested := answers.NewCodebook(defined(t, questionnaire), nil), make(map[string]bool)
	for _, test := range []struct {
		key, value string
		want       []one
	}{
		{"QID1", `5`, []one{{"multiple choice", answers.Value, recorded, of("QID1"), "", "1", "Sales & Service"}}},
		{"QID1", `6`, []one{{"multiple choice", answers.Value, recorded, of("QID1"), "", "10", "other"}}},
		{"QID1_10_TEXT", `"own"`, []one{{"multiple choice, text entry", answers.TextEntry, recorded, answers.Parts{QuestionID: "QID1", ChoiceID: "10"}, "Other", "", ""}}},
		{"QID36", `["1","7"]`, []one{
			{"multiple choice", answers.Value, recorded, of("QID36"), "", "1", "Ropes"},
			{"multiple choice", answers.Value, recorded, of("QID36"), "", "7", "Other"},
		}},
		{"QID36_7_TEXT", `"own"`, []one{{"multiple choice, text entry", answers.TextEntry, recorded, answers.Parts{QuestionID: "QID36", ChoiceID: "7"}, "Other", "", ""}}},
		{"QID18", `2`, []one{{"multiple choice", answers.Value, recorded, of("QID18"), "", "2", "2"}}},
		{"QID18_NPS_GROUP", `1`, []one{{"NPS group", answers.NPSGroup, recorded, of("QID18"), "", "", ""}}},
		{"QID27_TEXT", `"a\nb"`, []one{{"text", answers.Text, recorded, of("QID27"), "", "", ""}}},
		{"QID10_2", `"UK"`, []one{{"form field", answers.Text, recorded, row("QID10", "2"), "Country", "", ""}}},
		{"QID6_1", `10`, []one{{"matrix row", answers.Value, recorded, row("QID6", "1"), "Fast", "2", "Yes"}}},
		{"QID6_1", `10.0`, []one{{"matrix row", answers.Value, recorded, row("QID6", "1"), "Fast", "2", "Yes"}}},
		{"QID19_4", `1`, []one{{"matrix row", answers.Value, recorded, row("QID19", "4"), "Mint", "1", "Least"}}},
		{"QID13_2", `["7"]`, []one{{"matrix row", answers.Value, recorded, row("QID13", "2"), "App", "7", "Odd"}}},
		{"QID5_1_2", `"x"`, []one{{"matrix text", answers.Text, client, cell("QID5"), "Row/Column", "", ""}}},
		{"QID7_1_2", `1`, []one{{"matrix rank", answers.Rank, client, cell("QID7"), "Row/Column", "", ""}}},
		{"QID9_1_2", `40`, []one{{"matrix constant sum", answers.Value, client, cell("QID9"), "Row/Column", "", ""}}},
		{"QID6_3_TEXT", `"own"`, []one{{"matrix row, text entry", answers.TextEntry, recorded, row("QID6", "3"), "Else", "", ""}}},
		{"QID8#1_2", `1`, []one{{"matrix row", answers.Value, recorded, answers.Parts{QuestionID: "QID8", ColumnID: "1", RowID: "2"}, "Two", "1", "No"}}},
		{"QID8#2_1", `["1","2"]`, []one{
			{"matrix row", answers.Value, recorded, answers.Parts{QuestionID: "QID8", ColumnID: "2", RowID: "1"}, "One", "1", "A"},
			{"matrix row", answers.Value, recorded, answers.Parts{QuestionID: "QID8", ColumnID: "2", RowID: "1"}, "One", "2", "B"},
		}},
		{"QID8#3_2_1", `"x"`, []one{{"matrix text", answers.Text, client, answers.Parts{QuestionID: "QID8", ColumnID: "3", RowID: "2", AnswerID: "1"}, "Own row/Comment", "", ""}}},
		{"QID8#1_4_TEXT", `"own"`, []one{{"matrix row, text entry", answers.TextEntry, recorded, answers.Parts{QuestionID: "QID8", ColumnID: "1", RowID: "4"}, "Four", "", ""}}},
		{"QID80#1_2", `1`, []one{{"side by side", answers.Value, recorded, answers.Parts{QuestionID: "QID80", ColumnID: "1", RowID: "2"}, "Two", "", ""}}},
		{"QID80#1_2_1", `"x"`, []one{{"side by side, text", answers.Value, client, answers.Parts{QuestionID: "QID80", ColumnID: "1", RowID: "2", AnswerID: "1"}, "Two", "", ""}}},
		{"QID80#1_4_TEXT", `"x"`, []one{{"side by side, text entry", answers.TextEntry, client, answers.Parts{QuestionID: "QID80", ColumnID: "1", RowID: "4"}, "", "", ""}}},
		{"QID31_1", `3`, []one{{"rank order", answers.Rank, recorded, row("QID31", "1"), "Speed", "", ""}}},
		{"QID31_1_TEXT", `"own"`, []one{{"rank order, text entry", answers.TextEntry, recorded, row("QID31", "1"), "Speed", "", ""}}},
		{"QID29_1", `40`, []one{{"constant sum", answers.Value, client, row("QID29", "1"), "Price", "", ""}}},
		{"QID29_1_TEXT", `"own"`, []one{{"constant sum, text entry", answers.TextEntry, assumed, row("QID29", "1"), "Price", "", ""}}},
		{"QID30_1", `12.5`, []one{{"slider", answers.Value, client, row("QID30", "1"), "Brand", "", ""}}},
		{"QID30_1_TEXT", `"own"`, []one{{"slider, text entry", answers.TextEntry, assumed, row("QID30", "1"), "Brand", "", ""}}},
		{"QID12_1", `2`, []one{{"drill-down", answers.Value, client, row("QID12", "1"), "Country", "2", "one ~ 1.1"}}},
		{"QID64_0_GROUP", `["13","14"]`, []one{
			{"group", answers.Group, recorded, answers.Parts{QuestionID: "QID64", GroupID: "0"}, "Keep", "13", "A"},
			{"group", answers.Group, recorded, answers.Parts{QuestionID: "QID64", GroupID: "0"}, "Keep", "14", "B"},
		}},
		{"QID64_G1_13_RANK", `1`, []one{{"rank in a group", answers.Rank, recorded, answers.Parts{QuestionID: "QID64", GroupID: "1", RowID: "13"}, "A/Drop", "", ""}}},
		{"QID64_5_TEXT", `"own"`, []one{{"group, text entry", answers.TextEntry, recorded, answers.Parts{QuestionID: "QID64", ChoiceID: "5"}, "Own", "", ""}}},
		{"QID14_PAGE_SUBMIT", `1.313`, []one{{"timing", answers.Timing, recorded, detail("QID14", "PAGE_SUBMIT"), "", "", ""}}},
		{"QID15_RESOLUTION", `"1x1"`, []one{{"browser", answers.Browser, recorded, detail("QID15", "RESOLUTION"), "", "", ""}}},
		{"QID23_FILE_SIZE", `7`, []one{{"file", answers.File, client, detail("QID23", "FILE_SIZE"), "", "", ""}}},
		{"QID24_FILE_ID", `"F_1"`, []one{{"signature", answers.Signature, client, detail("QID24", "FILE_ID"), "", "", ""}}},
		{"QID20", `[{"x":1,"y":2}]`, []one{{"heat map", answers.HeatMap, assumed, of("QID20"), "", "", ""}}},
		{"QID20_x", `3`, []one{{"heat map, one axis", answers.HeatMap, assumed, detail("QID20", "x"), "", "", ""}}},
		{"QID21_27", `1`, []one{{"hot spot", answers.HotSpot, assumed, row("QID21", "27"), "Region #1", "1", "Dislike"}}},
		{"QID22_3", `["38","86"]`, []one{
			{"highlight", answers.Highlight, assumed, answers.Parts{QuestionID: "QID22", AnswerID: "3"}, "Like", "38", "2: is"},
			{"highlight", answers.Highlight, assumed, answers.Parts{QuestionID: "QID22", AnswerID: "3"}, "Like", "86", "9: it"},
		}},
		{"QID28_x1", `1`, []one{{"matrix row", answers.Value, recorded, row("QID28", "x1"), "Acorn", "1", "Bad"}}},
		{"QID28_x4_TEXT", `"own"`, []one{{"matrix row, text entry", answers.TextEntry, recorded, row("QID28", "x4"), "Other", "", ""}}},
		{"1_QID6_1", `-1`, []one{{"matrix row", answers.Value, recorded, answers.Parts{QuestionID: "QID6", LoopID: "1", RowID: "1"}, "Fast", "1", "No"}}},
		{"x1_QID27_TEXT", `"x"`, []one{{"text", answers.Text, recorded, answers.Parts{QuestionID: "QID27", LoopID: "x1"}, "", "", ""}}},
		{"2_x1_QID1", `5`, []one{{"multiple choice", answers.Value, recorded, answers.Parts{QuestionID: "QID1", LoopID: "2_x1"}, "", "1", "Sales & Service"}}},
		{"QID1_DO", `["10","1"]`, []one{
			{"display order", answers.DisplayOrder, recorded, of("QID1"), "", "10", "Other"},
			{"display order", answers.DisplayOrder, recorded, of("QID1"), "", "1", "Sales & Service"},
		}},
		{"QID6_ADO", `["2"]`, []one{{"answer display order", answers.DisplayOrder, recorded, of("QID6"), "", "2", "Yes"}}},
		{"QID80#1_DO", `["2"]`, []one{{"display order of a column", answers.DisplayOrder, assumed, answers.Parts{QuestionID: "QID80", ColumnID: "1"}, "", "", ""}}},
		{"QID80#1_ADO", `["2"]`, []one{{"answer display order of a column", answers.DisplayOrder, assumed, answers.Parts{QuestionID: "QID80", ColumnID: "1"}, "", "", ""}}},
		{"FL_7_DO", `["BL_1"]`, []one{{"order of flow elements", answers.DisplayOrder, recorded, answers.Parts{ObjectID: "FL_7"}, "", "", ""}}},
		{"BL_bl8Cl05eSQhKZFz_DO", `["Q1"]`, []one{{"order of a block", answers.DisplayOrder, recorded, answers.Parts{ObjectID: "BL_bl8Cl05eSQhKZFz"}, "", "", ""}}},
		{"QID27_FollowUpPrompt", `"Why so?"`, []one{{"follow-up prompt", answers.FollowUp, client, of("QID27"), "", "", ""}}},
		{"QID27_TEXT_" + model + "ParTopics", `["All"]`, []one{{"topics", answers.Topic, recorded, text("ParTopics"), "", "", ""}}},
		{"QID27_TEXT_" + model + "TopicHierarchy12", `["All"]`, []one{{"topic levels", answers.Topic, client, text("TopicHierarchy12"), "", "", ""}}},
		{"QID27_TEXT_" + model + "TopicSenScore", `-2`, []one{{"sentiment", answers.Sentiment, recorded, text("TopicSenScore"), "", "", ""}}},
		{"QID27_TEXT_" + model + "EmotIntensity", `"Low"`, []one{{"emotion", answers.Emotion, client, text("EmotIntensity"), "", "", ""}}},
		{"QID27_TEXT_" + model + "EffortNumeric", `1`, []one{{"effort", answers.Effort, client, text("EffortNumeric"), "", "", ""}}},
		{"QID27_TEXT_f00715df_939rt99f49pwActionability", `"x"`, []one{{"actionability", answers.Actionable, client, answers.Parts{QuestionID: "QID27", ModelID: "f00715df_939rt99f49pw", Detail: "Actionability"}, "", "", ""}}},
		{"QID1_10_TEXT_" + model + "Topics", `["x"]`, []one{{"topics of a text entry", answers.Topic, assumed, answers.Parts{QuestionID: "QID1", ChoiceID: "10", ModelID: model, Detail: "Topics"}, "Other", "", ""}}},
		{"QID1_10_TEXT_" + model + "SenPol", `1`, []one{{"sentiment of a text entry", answers.Sentiment, assumed, answers.Parts{QuestionID: "QID1", ChoiceID: "10", ModelID: model, Detail: "SenPol"}, "Other", "", ""}}},
		{"QID1_10_TEXT_" + model + "Emotion", `[]`, []one{{"emotion of a text entry", answers.Emotion, assumed, answers.Parts{QuestionID: "QID1", ChoiceID: "10", ModelID: model, Detail: "Emotion"}, "Other", "", ""}}},
		{"QID1_10_TEXT_" + model + "Effort", `"x"`, []one{{"effort of a text entry", answers.Effort, assumed, answers.Parts{QuestionID: "QID1", ChoiceID: "10", ModelID: model, Detail: "Effort"}, "Other", "", ""}}},
		{"QID1_10_TEXT_" + model + "Actionability", `"x"`, []one{{"actionability of a text entry", answers.Actionable, assumed, answers.Parts{QuestionID: "QID1", ChoiceID: "10", ModelID: model, Detail: "Actionability"}, "Other", "", ""}}},
		{"SC_ab12cd34ef56gh7", `-3.25`, []one{{"score", answers.Score, client, answers.Parts{ObjectID: "SC_ab12cd34ef56gh7"}, "", "", ""}}},
		{"QID27_TEXT_DERIVEDab12cd3", `""`, []one{{"derived field", answers.Derived, recorded, of("QID27"), "", "", ""}}},
		{"Q16 recoded_DERIVEDab12cd34", `"x"`, []one{{"derived field", answers.Derived, recorded, answers.Parts{}, "", "", ""}}},
		{"Q_TotalDuration", `"7"`, []one{{"system", answers.System, recorded, answers.Parts{ObjectID: "Q_TotalDuration"}, "", "", ""}}},
		// Questions that the definition lacks.
		{"QID99", `3`, []one{{"question", answers.Value, assumed, of("QID99"), "", "", ""}}},
		{"QID99_TEXT", `"x"`, []one{{"text of any question", answers.Text, recorded, of("QID99"), "", "", ""}}},
		{"QID99_1", `3`, []one{{"row", answers.Value, assumed, row("QID99", "1"), "", "", ""}}},
		{"QID99_1_2", `3`, []one{{"cell", answers.Value, assumed, cell("QID99"), "", "", ""}}},
		{"QID99_1_TEXT", `"x"`, []one{{"text entry", answers.TextEntry, assumed, answers.Parts{QuestionID: "QID99", ChoiceID: "1"}, "", "", ""}}},
		{"QID99#1_2", `3`, []one{{"column", answers.Value, assumed, answers.Parts{QuestionID: "QID99", ColumnID: "1", RowID: "2"}, "", "", ""}}},
		{"QID99#1_2_1", `3`, []one{{"cell of a column", answers.Value, assumed, answers.Parts{QuestionID: "QID99", ColumnID: "1", RowID: "2", AnswerID: "1"}, "", "", ""}}},
		{"QID99#1_2_TEXT", `"x"`, []one{{"text entry of a column", answers.TextEntry, assumed, answers.Parts{QuestionID: "QID99", ColumnID: "1", RowID: "2"}, "", "", ""}}},
		{"QID5#1-2-1-TEXT", `"x"`, []one{{"text of a column, old form", answers.Text, recorded, answers.Parts{QuestionID: "QID5", ColumnID: "1", RowID: "2", AnswerID: "1"}, "", "", ""}}},
		{"QID5#1-2", `1`, []one{{"column, old form", answers.Value, recorded, answers.Parts{QuestionID: "QID5", ColumnID: "1", RowID: "2"}, "", "", ""}}},
		{"QID1_dup", `5`, []one{{"multiple choice", answers.Value, recorded, of("QID1"), "", "1", "Sales & Service"}}},
		{"SC_ab12_dup2", `5`, []one{{"score", answers.Score, client, answers.Parts{ObjectID: "SC_ab12"}, "", "", ""}}},
		{"QID1_new_form", `5`, []one{{"", answers.Unknown, answers.NoRule, of("QID1"), "", "", ""}}},
		{"recipient", `5`, []one{{"", answers.Unknown, answers.NoRule, answers.Parts{}, "", "", ""}}},
	} {
		var got []one
		for a := range book.Answers(answered(`{"`+test.key+`":`+test.value+`}`, `{}`)) {
			texts := strings.Trim(a.RowText+"/"+a.AnswerText+"/"+a.GroupText, "/")
			short := one{a.Rule, a.Kind, a.Certainty, a.Parts, strings.ReplaceAll(texts, "//", "/"), "", ""}
			if a.Code != nil {
				short.choice = a.Code.ChoiceID
			}
			short.label, _ = a.Label()
			tested[a.Rule] = true
			got = append(got, short)
		}
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(one{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", test.key, test.value, diff)
		}
	}
	for _, name := range answers.RuleNames() {
		if !tested[name] {
			t.Errorf("no value has the rule %q", name)
		}
	}
}
