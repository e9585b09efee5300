package answers

import "github.com/birdie-ai/source-qualtrics/source/qualtrics"

// A rule says how the keys of one form are read. The form is the part of the key behind the
// question id. A word in braces is a part:
//
//	{row}  {answer}  {choice}   ids of choices: 3, or x3 if the choice is carried forward
//	{column}  {group}           numbers
//	{model}                     id of a model of Text iQ
//	{FILE_ID|FILE_NAME}         one of these words, kept as the detail
//	{object:SC_[0-9]+}          id of another object of the survey
//
// A key of a loop has the loop before the question: 2_QID3_TEXT (recorded). So has each form.
// The key of a side-by-side question names the column before the form: QID8#1_2. If the
// definition has the column, the rules for the type of the column apply to the rest.
type rule struct {
	name string
	// of lists the types of questions: Type, Type/Selector or Type/Selector/SubSelector. An
	// empty element of the three means any. "": any question, also an unknown one.
	of        string
	form      string
	kind      Kind
	codes     qualtrics.ChoiceKind // list whose codes are the values; "": values are not coded
	certainty Certainty
}

const (
	choices = qualtrics.PlainChoice
	scale   = qualtrics.AnswerChoice
	none    = qualtrics.ChoiceKind("")
)

// questionRules has the rules of keys with a question. Their order is that of the table of
// value keys (API §3.6, corrected by catalog §2.2). The first rule that fits counts.
var questionRules = []rule{
	// MC single, multi, and their text entries. The code is the recode value; the text entry
	// has the id of the choice.
	{"multiple choice", "MC", "", Value, choices, Recorded},
	{"multiple choice, text entry", "MC", "_{choice}_TEXT", TextEntry, none, Recorded},
	// NPS. The score is a multiple choice of its own codes 0 to 10.
	{"NPS group", "", "_NPS_GROUP", NPSGroup, none, Recorded},
	// TE: single line, multi line, essay; form fields.
	{"text", "TE", "_TEXT", Text, none, Recorded},
	{"form field", "TE", "_{row}", Text, none, Recorded},
	// Matrix with one value per row: single, multi, bipolar, profile, drop-down, MaxDiff.
	{"matrix row", "Matrix", "_{row}", Value, scale, Recorded},
	// Matrix with one value per cell.
	{"matrix text", "Matrix/TE", "_{row}_{answer}", Text, none, Client},
	{"matrix rank", "Matrix/RO", "_{row}_{answer}", Rank, none, Client},
	{"matrix constant sum", "Matrix/CS", "_{row}_{answer}", Value, none, Client},
	{"matrix row, text entry", "Matrix", "_{row}_TEXT", TextEntry, none, Recorded},
	// Side by side whose columns the definition does not have as questions.
	{"side by side", "SBS", "#{column}_{row}", Value, none, Recorded},
	{"side by side, text", "SBS", "#{column}_{row}_{answer}", Value, none, Client},
	{"side by side, text entry", "SBS", "#{column}_{row}_TEXT", TextEntry, none, Client},
	// Rank order, constant sum, slider, drill-down. One source has the position in the place of
	// the item's id in rank orders.
	{"rank order", "RO", "_{row}", Rank, none, Recorded},
	{"rank order, text entry", "RO", "_{row}_TEXT", TextEntry, none, Recorded},
	{"constant sum", "CS", "_{row}", Value, none, Client},
	{"constant sum, text entry", "CS", "_{row}_TEXT", TextEntry, none, Assumed},
	{"slider", "Slider", "_{row}", Value, none, Client},
	{"slider, text entry", "Slider", "_{row}_TEXT", TextEntry, none, Assumed},
	{"drill-down", "DD", "_{row}", Value, scale, Client},
	// Pick, group and rank.
	{"group", "", "_{group}_GROUP", Group, choices, Recorded},
	{"rank in a group", "", "_G{group}_{row}_RANK", Rank, none, Recorded},
	{"group, text entry", "PGR", "_{choice}_TEXT", TextEntry, none, Recorded},
	// Timing, browser meta, uploads.
	{"timing", "", "_{FIRST_CLICK|LAST_CLICK|PAGE_SUBMIT|CLICK_COUNT}", Timing, none, Recorded},
	{"browser", "", "_{BROWSER|VERSION|OS|RESOLUTION}", Browser, none, Recorded},
	{"signature", "Draw", "_{FILE_ID|FILE_NAME|FILE_SIZE|FILE_TYPE}", Signature, none, Client},
	{"file", "", "_{FILE_ID|FILE_NAME|FILE_SIZE|FILE_TYPE}", File, none, Client},
	// Heat map, hot spot, highlight.
	{"heat map", "HeatMap", "", HeatMap, none, Assumed},
	{"heat map, one axis", "HeatMap", "_{x|y}", HeatMap, none, Assumed},
	{"hot spot", "HotSpot", "_{row}", HotSpot, scale, Assumed},
	{"highlight", "HL", "_{answer}", Highlight, choices, Assumed},
	// Captcha, descriptive text and graphic have no keys. Carried-forward items have ids with x.

	// Display orders: of rows or choices, and of answers.
	{"display order", "", "_DO", DisplayOrder, choices, Recorded},
	{"display order of a column", "", "#{column}_DO", DisplayOrder, none, Assumed},
	{"answer display order", "", "_ADO", DisplayOrder, scale, Recorded},
	{"answer display order of a column", "", "#{column}_ADO", DisplayOrder, none, Assumed},
	{"follow-up prompt", "", "_FollowUpPrompt", FollowUp, none, Client},
	// Text iQ. Of a text beside a choice the form is assumed.
	{"topics", "", "_TEXT_{model}{Topics|ParTopics}", Topic, none, Recorded},
	{"topic levels", "", "_TEXT_{model}{TopicHierarchy[0-9]+}", Topic, none, Client},
	{"sentiment", "", "_TEXT_{model}{SenPol|SenScore|Sentiment|TopicSenLabel|TopicSenScore}", Sentiment, none, Recorded},
	{"emotion", "", "_TEXT_{model}{Emotion|EmotIntensity}", Emotion, none, Client},
	{"effort", "", "_TEXT_{model}{Effort|EffortNumeric}", Effort, none, Client},
	{"actionability", "", "_TEXT_{model}{Actionability}", Actionable, none, Client},
	{"topics of a text entry", "", "_{choice}_TEXT_{model}{Topics|ParTopics|TopicHierarchy[0-9]+}", Topic, none, Assumed},
	{"sentiment of a text entry", "", "_{choice}_TEXT_{model}{SenPol|SenScore|Sentiment|TopicSenLabel|TopicSenScore}", Sentiment, none, Assumed},
	{"emotion of a text entry", "", "_{choice}_TEXT_{model}{Emotion|EmotIntensity}", Emotion, none, Assumed},
	{"effort of a text entry", "", "_{choice}_TEXT_{model}{Effort|EffortNumeric}", Effort, none, Assumed},
	{"actionability of a text entry", "", "_{choice}_TEXT_{model}{Actionability}", Actionable, none, Assumed},

	// The same forms without a definition, or of a question of another type. The parts are known,
	// but not whether a row is an item, a field or a level.
	{"question", "", "", Value, choices, Assumed},
	{"text of any question", "", "_TEXT", Text, none, Recorded},
	{"row", "", "_{row}", Value, scale, Assumed},
	{"cell", "", "_{row}_{answer}", Value, none, Assumed},
	{"text entry", "", "_{choice}_TEXT", TextEntry, none, Assumed},
	{"column", "", "#{column}_{row}", Value, none, Assumed},
	{"cell of a column", "", "#{column}_{row}_{answer}", Value, none, Assumed},
	{"text entry of a column", "", "#{column}_{row}_TEXT", TextEntry, none, Assumed},
	// Exports before 2018 separate the parts by dashes (recorded).
	{"text of a column, old form", "", "#{column}-{row}-{answer}-TEXT", Text, none, Recorded},
	{"column, old form", "", "#{column}-{row}", Value, none, Recorded},
}

// surveyRules has the rules of keys without a question. Their form is the whole key.
var surveyRules = []rule{
	{"order of flow elements", "", "{object:FL_[0-9]+}_DO", DisplayOrder, none, Recorded},
	{"order of a block", "", "{object:BL_[0-9A-Za-z]+}_DO", DisplayOrder, none, Recorded},
	{"score", "", "{object:SC_[0-9A-Za-z]+}", Score, none, Client},
	{"system", "", "{object:Q_[0-9A-Za-z_]+}", System, none, Recorded},
}

// derivedRule has the rule of derived fields. Their key ends with [derivedForm]. The key
// before it is that of another answer, or a free name (recorded).
var derivedRule = rule{"derived field", "", "", Derived, none, Recorded}

const derivedForm = `_DERIVED[0-9A-Za-z]{7,8}$`
