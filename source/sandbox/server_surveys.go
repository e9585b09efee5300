package sandbox

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
)

// page is the result of a listing; nextPage is null at the end (*recorded*).
type page struct {
	Elements []any   `json:"elements"`
	NextPage *string `json:"nextPage"`
}

// surveysPerPage is *recorded*; no parameter is known to change it.
const surveysPerPage = 100

// whoami is *recorded* (API §1.5).
func (s *Sandbox) whoami(*exchange) (any, error) {
	a := s.world.account()
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

// listSurveys pages by offset (*recorded*, API §2.1).
func (s *Sandbox) listSurveys(x *exchange) (any, error) {
	query := x.r.URL.Query()
	offset := 0
	if text := query.Get("offset"); text != "" {
		number, err := strconv.Atoi(text)
		if err != nil || number < 0 {
			return nil, badRequest("Invalid request. Missing or invalid parameter offset.")
		}
		offset = number
	}
	surveys := s.world.listed()
	from := min(offset, len(surveys))
	to := min(from+cmp.Or(s.options.PageSize, surveysPerPage), len(surveys))
	result := page{Elements: make([]any, 0, to-from)}
	for _, survey := range surveys[from:to] {
		result.Elements = append(result.Elements, survey.listElement())
	}
	if to < len(surveys) {
		query.Set("offset", strconv.Itoa(to))
		result.NextPage = x.link(query)
	}
	return result, nil
}

// link is the address of the request with another query. It is absolute and
// names the host that was called (*recorded*); through a foreign data center it
// is *assumed* to name the home host.
func (x *exchange) link(query url.Values) *string {
	address := url.URL{Scheme: "http", Host: x.r.Host, Path: x.r.URL.Path, RawQuery: query.Encode()}
	if x.r.TLS != nil {
		address.Scheme = "https"
	}
	switch {
	case x.tenant.options.Doubt.NextPageRelative:
		address.Scheme, address.Host = "", ""
	case x.tenant.options.Doubt.NextPageForeignHost:
		address.Scheme, address.Host = "https", "az9.qualtrics.com"
	case x.foreign:
		address.Scheme, address.Host = "https", x.tenant.homeHost()
	}
	text := address.String()
	return &text
}

// readableSurvey finds the survey of the path. The answer to an unknown id is
// *documented* for exports and *assumed* elsewhere; that to a survey without
// the right to read is *recorded* for definitions and *assumed* elsewhere.
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

// exportableSurvey also wants the right to export (API §8).
func (s *Sandbox) exportableSurvey(x *exchange) (*survey, error) {
	found, err := s.readableSurvey(x)
	if err == nil && !found.canExport() {
		return nil, errForbidden()
	}
	return found, err
}

// errForbidden is *recorded* (API §7.3).
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

// surveyLanguages has the member name of the published catalog; the whole
// shape is *assumed*.
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
