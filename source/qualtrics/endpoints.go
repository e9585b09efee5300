package qualtrics

import "strings"

// endpoint is one kind of call with its published limit per minute (API §7.2).
type endpoint struct {
	name      string
	perMinute int
	export    bool   // paced with the export jobs
	does      string // the task in words, to follow "to"; %s is the survey
	// needs is the permission for the call, in words to follow "needs". The names are
	// those of Qualtrics' administration. Which call needs which permission is
	// *assumed* from reports of users (API §8).
	needs string
}

// Permissions that several endpoints need.
const (
	useAPI      = "the permission to use the API (Access API)"
	seeSurveys  = "surveys of its own, or surveys that their owners share with it"
	seeSurvey   = "this survey to be its own, or to be shared with it"
	seeResults  = "the permissions to view reports and to export responses of this survey"
	seeContacts = "the permission to read contacts of the XM Directory (Manage Directory)"
)

// The endpoints that are called.
var (
	toToken       = endpoint{name: "POST /oauth2/token", does: "sign in", needs: useAPI}
	toWhoAmI      = endpoint{name: "GET /whoami", perMinute: 3000, does: "name the account", needs: useAPI}
	toSurveys     = endpoint{name: "GET /surveys", perMinute: 3000, does: "list the surveys", needs: useAPI + " and " + seeSurveys}
	toSurvey      = endpoint{name: "GET /surveys/{id}", perMinute: 3000, does: "describe survey %s", needs: seeSurvey}
	toDefinition  = endpoint{name: "GET /survey-definitions/{id}", perMinute: 3000, does: "show the definition of survey %s", needs: seeSurvey}
	toLanguages   = endpoint{name: "GET /surveys/{id}/languages", perMinute: 2000, does: "list the languages of survey %s", needs: seeSurvey}
	toTexts       = endpoint{name: "GET /surveys/{id}/translations/{language}", perMinute: 2000, does: "show a translation of survey %s", needs: seeSurvey}
	toSchema      = endpoint{name: "GET /surveys/{id}/response-schema", perMinute: 60, does: "show the response schema of survey %s", needs: seeSurvey}
	toResponse    = endpoint{name: "GET /surveys/{id}/responses/{id}", perMinute: 240, does: "show a response of survey %s", needs: seeResults}
	toUpload      = endpoint{name: "GET /surveys/{id}/responses/{id}/uploaded-files/{id}", perMinute: 120, does: "send an uploaded file of survey %s", needs: seeResults}
	toExport      = endpoint{name: "POST /surveys/{id}/export-responses", perMinute: exportPerMinute, export: true, does: "start an export of survey %s", needs: seeResults}
	toProgress    = endpoint{name: "GET /surveys/{id}/export-responses/{id}", perMinute: 1000, does: "report the progress of an export of survey %s", needs: seeResults}
	toFile        = endpoint{name: "GET /surveys/{id}/export-responses/{id}/file", perMinute: exportPerMinute, export: true, does: "send the file of an export of survey %s", needs: seeResults}
	toDirectories = endpoint{name: "GET /directories", perMinute: 3000, does: "list the directories", needs: seeContacts}
	toContacts    = endpoint{name: "GET /directories/{id}/contacts", perMinute: 3000, does: "list the contacts of a directory", needs: seeContacts}
	toContact     = endpoint{name: "GET /directories/{id}/contacts/{id}", perMinute: 3000, does: "show a contact", needs: seeContacts}
	toSearch      = endpoint{name: "POST /directories/{id}/contacts/search", perMinute: 500, does: "search the contacts of a directory", needs: seeContacts}
	// everything stands for the brand's limit over all endpoints.
	everything = endpoint{name: "", perMinute: brandPerMinute}
)

// task returns the task of a call in words, to follow "to".
func (e endpoint) task(survey SurveyID) string {
	return strings.ReplaceAll(e.does, "%s", string(survey))
}
