package sandbox

import (
	"encoding/json"
	"net/http"
)

// surveysPerPage is *recorded*. No known parameter changes it.
const surveysPerPage = 100

// whoami is *recorded* (API §1.5).
func (s *Sandbox) whoami(*exchange) (any, error) {
	a := s.world.account()
	if s.world.lacks(RightUsers) {
		a.AccountType = "UT_STANDARD" // not an administrator; the name is *assumed*
	}
	return struct {
		BrandID     string `json:"brandId"`
		UserID      string `json:"userId"`
		UserName    string `json:"userName"`
		AccountType string `json:"accountType"`
		FirstName   string `json:"firstName"`
		LastName    string `json:"lastName"`
		Email       string `json:"email"`
		DataCenter  string `json:"datacenter"`
	}{a.BrandID, a.UserID, a.UserName, a.AccountType, a.FirstName, a.LastName, a.Email, s.options.DataCenter}, nil
}

// listSurveys returns pages by offset (*recorded*, API §2.1).
func (s *Sandbox) listSurveys(x *exchange) (any, error) {
	return pagedByOffset(x, s.world.listed(), surveysPerPage, func(one *survey) any { return one.listElement() })
}

// readableSurvey returns the survey of the path. The answer to an unknown id is
// *documented* for exports and *assumed* elsewhere. The answer without the
// right to read is *recorded* for definitions and *assumed* elsewhere.
func (s *Sandbox) readableSurvey(x *exchange) (*survey, error) {
	found, ok := s.world.survey(x.params["id"])
	if !ok {
		return nil, &apiError{status: http.StatusNotFound, code: "GSI_2", message: "Survey not found."}
	}
	if !found.readable() || s.faults.denies(found.id(), s.Now()) {
		return nil, errForbidden()
	}
	return found, nil
}

// exportableSurvey also requires the right to export (API §8).
func (s *Sandbox) exportableSurvey(x *exchange) (*survey, error) {
	found, err := s.readableSurvey(x)
	if err == nil && !found.canExport() {
		return nil, errForbidden()
	}
	return found, err
}

// errForbidden returns a *recorded* answer (API §7.3).
func errForbidden() error {
	return &apiError{status: http.StatusForbidden, code: "QMST_2.1", message: "The operation is forbidden."}
}

func (s *Sandbox) legacySurvey(x *exchange) (any, error) {
	found, err := s.readableSurvey(x)
	if err != nil {
		return nil, err
	}
	return found.legacyBody(), nil
}

func (s *Sandbox) surveyDefinition(x *exchange) (any, error) {
	found, err := s.readableSurvey(x)
	if err != nil {
		return nil, err
	}
	return metaFirst{found.definitionBody()}, nil
}

func (s *Sandbox) responseSchema(x *exchange) (any, error) {
	found, err := s.readableSurvey(x)
	if err != nil {
		return nil, err
	}
	return found.responseSchema(), nil
}

// surveyLanguages returns the languages of a survey. The name of the member is
// *documented*; the rest is *assumed*.
func (s *Sandbox) surveyLanguages(x *exchange) (any, error) {
	found, err := s.readableSurvey(x)
	if err != nil {
		return nil, err
	}
	return struct {
		Available []string `json:"AvailableLanguages"`
	}{found.languages()}, nil
}

// singleResponse is *documented* (API §3.7).
func (s *Sandbox) singleResponse(x *exchange) (any, error) {
	found, err := s.exportableSurvey(x)
	if err != nil {
		return nil, err
	}
	record, ok := found.response(x.params["responseId"], s.Now())
	if !ok {
		return nil, errNotFound()
	}
	return json.RawMessage(record), nil
}
