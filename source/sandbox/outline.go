package sandbox

import (
	"slices"
	"strconv"
)

// outline holds the flow, the languages and the scoring categories of a survey
// definition.
type outline struct {
	flow         []step // inside the root
	languages    []language
	categories   []category
	nextFlow     int // number of the next element of the flow
	nextCategory uint64
}

// step is an element of the flow (API §2.2, catalog §1.3).
type step struct {
	id     string
	kind   string
	block  string // that it shows
	text   string // Description
	fields []datum
	subset any    // how many of its elements a BlockRandomizer shows: a number or a text
	secret string // that a WebService sends
	inner  []step // the elements in it; nil: it has no member Flow
}

// datum is a field of embedded data that the flow sets.
type datum struct {
	name, kind, variable, value string
	flowOnly                    bool
	bare                        bool // it has a description and no other member (*recorded*)
}

// language is a language of the survey. The first one is that of its author.
type language struct{ code, title string }

// category is a scoring category.
type category struct {
	id, name, text string
	grouped        bool
}

// WebServiceSecret is the credential in the headers, parameters, bodies and addresses of
// the web services of all surveys. No reader should pass it on.
const WebServiceSecret = "canary-of-a-web-service-0123456789"

// maskedSecret replaces a credential in the truth.
const maskedSecret = "[redacted]"

// outline returns the initial outline of surveys of the kind. The blocks at odd
// positions are inside a group.
func (k *blueprint) outline() outline {
	o := outline{nextFlow: 2}
	if len(k.fields) > 0 {
		fields := step{id: o.number(), kind: "EmbeddedData"}
		for i, f := range k.fields {
			if f.undeclared {
				continue
			}
			field := datum{name: f.name, kind: "Custom", variable: "String"}
			if f.value == valueLarge {
				field.variable = "Scale"
			}
			if i == 0 {
				field.value = "none"
			}
			fields.fields = append(fields.fields, field)
		}
		o.flow = append(o.flow, fields)
	}
	var later []step
	for i, b := range k.blocks {
		if b.kind == "Trash" {
			continue
		}
		kind := "Standard"
		if b.kind == "Default" {
			kind = "Block"
		}
		if i%2 == 1 {
			later = o.show(later, b.id, kind)
		} else {
			o.flow = o.show(o.flow, b.id, kind)
		}
	}
	if len(later) > 0 {
		o.flow = append(o.flow, step{id: o.number(), kind: "Group", text: "Later", inner: later})
	}
	if k.number%2 == 0 && len(k.blocks) > 0 {
		o.flow = append(o.flow, o.made("WebService", 0), o.made("Branch", 1))
	}
	o.flow = append(o.flow, step{id: o.number(), kind: "EndSurvey"})
	for _, code := range k.languages {
		o.languages = append(o.languages, language{code: code})
	}
	if k.scored {
		o.categories = append(o.categories, category{id: scoreID(k.number), name: "Satisfaction score"})
	}
	return o
}

// number returns the id of a new element.
func (o *outline) number() string {
	o.nextFlow++
	return "FL_" + strconv.Itoa(o.nextFlow-1)
}

// show adds an element that shows a block.
func (o *outline) show(to []step, block, kind string) []step {
	return append(slices.Clip(to), step{id: o.number(), kind: kind, block: block})
}

// made returns a new element of a kind with the elements in it. Its variant is a small
// number.
func (o *outline) made(kind string, variant int) step {
	one := step{id: o.number(), kind: kind}
	switch kind {
	case "WebService":
		one.secret = WebServiceSecret
	case "EmbeddedData":
		one.fields = []datum{
			{name: "note_" + strconv.Itoa(variant), kind: "Custom", variable: "Nominal", value: "${e://Field/source}", flowOnly: variant%2 == 0},
			{name: "Note_" + strconv.Itoa(variant), kind: "Recipient", variable: "String"},
			{name: "api_key", kind: "Custom", variable: "String", value: WebServiceSecret},
			{name: "remark", bare: true},
		}
	case "Branch":
		one.text = "Those who <b>said</b> no"
		if variant%4 == 3 {
			return one // without Flow (*recorded*)
		}
		one.inner = []step{o.made("EmbeddedData", variant), {id: o.number(), kind: "EndSurvey"}}
	case "BlockRandomizer":
		one.subset = variant
		if variant%2 == 1 {
			one.subset = strconv.Itoa(variant)
		}
		one.inner = []step{o.made("Group", variant)}
	case "Group":
		one.text, one.inner = "Group "+strconv.Itoa(variant), []step{}
	}
	return one
}

// definitionFlow returns the flow of the definition.
func (f *questionnaire) definitionFlow(masked bool) map[string]any {
	return map[string]any{
		"Type": "Root", "FlowID": "FL_1", "Flow": definitionSteps(f.flow, masked),
		"Properties": map[string]any{"Count": f.nextFlow - 1, "RemovedFieldsets": []any{}},
	}
}

func definitionSteps(steps []step, masked bool) []any {
	all := []any{}
	for _, s := range steps {
		all = append(all, s.definition(masked))
	}
	return all
}

// definition returns an element of the flow with the elements in it.
func (s step) definition(masked bool) map[string]any {
	element := map[string]any{"Type": s.kind, "FlowID": s.id}
	for name, value := range s.properties(masked) {
		element[name] = value
	}
	if s.block != "" {
		element["ID"] = s.block
	}
	if s.text != "" {
		element["Description"] = s.text
	}
	if s.inner != nil {
		element["Flow"] = definitionSteps(s.inner, masked)
	}
	if s.fields != nil {
		fields := []any{}
		for i, f := range s.fields {
			fields = append(fields, f.definition(i, masked))
		}
		element["EmbeddedData"] = fields
	}
	return element
}

// properties returns the members of an element that only its type has.
func (s step) properties(masked bool) map[string]any {
	switch s.kind {
	case "Block", "Standard":
		return map[string]any{"Autofill": []any{}}
	case "Branch":
		return map[string]any{"BranchLogic": map[string]any{
			"0": map[string]any{"0": map[string]any{"LogicType": "EmbeddedField", "LeftOperand": "source", "Operator": "EqualTo", "RightOperand": "no"}, "Type": "If"}, "Type": "BooleanExpression",
		}}
	case "BlockRandomizer":
		return map[string]any{"SubSet": s.subset, "EvenPresentation": true}
	case "WebService":
		return s.webService(masked)
	}
	return nil
}

// webService returns a call of another system with its credentials. That it has a
// header, a parameter and a body at once is *assumed*.
func (s step) webService(masked bool) map[string]any {
	header, secret, address := "Bearer "+s.secret, s.secret, "https://hooks.example.com/services/"+s.secret+"?key="+s.secret
	if masked {
		header, secret, address = maskedSecret, maskedSecret, "https://hooks.example.com/"+maskedSecret
	}
	var body any = map[string]any{"login": map[string]any{"password": secret}, "key": secret}
	if s.id[len(s.id)-1]%2 == 0 { // the other recorded form
		body = []any{map[string]any{"key": "pass", "value": secret}}
	}
	return map[string]any{
		"URL": address, "Method": "POST", "ContentType": "application/json", "Body": body, "EditBodyParams": true, "FireAndForget": false,
		"Headers":       []any{map[string]any{"key": "Authorization", "value": header}},
		"RequestParams": []any{map[string]any{"key": "api_key", "value": secret}},
		"ResponseMap":   []any{map[string]any{"key": "score", "value": "score"}},
		"SchemaVersion": 1, "StringifyValues": true,
	}
}

// definition returns an item of EmbeddedData.
func (d datum) definition(position int, masked bool) map[string]any {
	if d.bare {
		return map[string]any{"Description": d.name}
	}
	item := map[string]any{
		"Description": d.name, "Type": d.kind, "Field": d.name, "VariableType": d.variable, "DataVisibility": []any{}, "AnalyzeText": false,
	}
	if d.value != "" {
		item["Value"] = d.shown(masked)
	}
	if d.flowOnly {
		item["FlowOnly"] = true
	}
	if position == 0 {
		item["DataVisibility"] = map[string]any{"Private": false}
	}
	return item
}

// shown returns the value of a field.
func (d datum) shown(masked bool) string {
	if masked && d.value == WebServiceSecret {
		return maskedSecret
	}
	return d.value
}

// definitionScoring returns the scoring categories. Those in a group are in one.
func (f *questionnaire) definitionScoring() map[string]any {
	categories, grouped, groups := []any{}, []any{}, []any{}
	var byDefault any
	for i, c := range f.categories {
		categories = append(categories, map[string]any{"ID": c.id, "Name": c.name, "Description": c.text})
		if c.grouped {
			grouped = append(grouped, c.id)
		}
		if i == 0 {
			byDefault = c.id
		}
	}
	if len(grouped) > 0 {
		groups = append(groups, map[string]any{"ID": "SCG_1", "Name": "Group", "Categories": grouped})
	}
	return map[string]any{
		"ScoringCategories": categories, "ScoringCategoryGroups": groups, "ScoringSummaryCategory": nil,
		"ScoringSummaryAfterQuestions": 0, "ScoringSummaryAfterSurvey": 0,
		"DefaultScoringCategory": byDefault, "AutoScoringCategory": nil,
	}
}

// addLanguages adds the languages to the options of a survey. Some options have no list
// if there are no translations.
func (f *questionnaire) addLanguages(options map[string]any, base string, always bool) {
	options["SurveyLanguage"] = base
	if len(f.languages) < 2 && !always && f.languages[0].title == "" {
		return
	}
	available, titles := map[string]any{}, map[string]any{}
	for _, l := range f.languages {
		available[l.code] = []any{}
		if l.title != "" {
			titles[l.code] = map[string]any{"SurveyTitle": l.title, "SurveyMetaDescription": l.title + "."}
		}
	}
	options["AvailableLanguages"], options["MetaDataTranslations"] = available, objectOrList(titles)
}
