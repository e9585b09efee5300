package qualtrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Contact is a contact in any of the shapes that the API has for one (API §4.2).
// Members that a shape lacks are nil.
type Contact struct {
	ID                ContactID
	FirstName         *string
	LastName          *string
	Email             *string
	Phone             *string
	ExternalReference *string
	Language          *string
	Unsubscribed      *bool
	UnsubscribedAt    *time.Time
	CreatedAt         *time.Time
	ModifiedAt        *time.Time
	EmbeddedData      json.RawMessage // objects on one line
	Stats             json.RawMessage
	SegmentMembership json.RawMessage
	Raw               json.RawMessage // the element as it came
	Altered           []Altered       // fields that differ from the answer
}

func contactOf(m *fields) (Contact, error) {
	id, err := contactID(m)
	if err != nil {
		return Contact{}, err
	}
	return contactWith(id, m), nil
}

// contactWith reads all but the id.
func contactWith(id ContactID, m *fields) Contact {
	contact := Contact{
		ID:                id,
		FirstName:         m.text("FirstName", "firstName"),
		LastName:          m.text("LastName", "lastName"),
		Email:             m.text("Email", "email"),
		Phone:             m.text("Phone", "phone", "phoneNumber"),
		ExternalReference: m.text("ExternalReference", "extRef", "externalDataReference"),
		Language:          m.text("Language", "language"),
		Unsubscribed:      m.boolean("Unsubscribed", "unsubscribed", "directoryUnsubscribed"),
		UnsubscribedAt:    m.time("UnsubscribedAt", "unsubscribeDate", "directoryUnsubscribeDate"),
		CreatedAt:         m.time("CreatedAt", "creationDate"),
		ModifiedAt:        m.time("ModifiedAt", "lastModified"),
		EmbeddedData:      m.object("EmbeddedData", "embeddedData"),
		Stats:             m.object("Stats", "stats"),
		SegmentMembership: m.object("SegmentMembership", "segmentMembership"),
		Raw:               m.raw,
	}
	contact.Altered = m.altered
	return contact
}

// Found is a contact that a search shows. Several passes over a search show the same
// contacts, so the values are read when they are needed.
type Found struct {
	ID  ContactID
	Raw json.RawMessage // the element as it came

	members *fields
}

// Contact reads the values. It may be called once, before the search goes on.
func (f *Found) Contact() Contact { return contactWith(f.ID, f.members) }

func foundOf(m *fields) (Found, error) {
	id, err := contactID(m)
	return Found{id, m.raw, m}, err
}

var errNoContactID = errors.New("a contact has no id")

func contactID(m *fields) (ContactID, error) {
	if id := m.id("contactId", "id"); id != "" {
		return ContactID(id), nil
	}
	return "", errNoContactID
}

// Contacts yields all contacts of a directory, without dates.
func (c *Client) Contacts(ctx context.Context, directory DirectoryID) iter.Seq2[Contact, error] {
	query := url.Values{"useNewPaginationScheme": {"true"}, "includeEmbedded": {"true"}}
	return list(ctx, c, request{to: toContacts, path: "/directories/" + id(directory) + "/contacts", query: query}, contactOf)
}

// ContactIDs yields the ids of all contacts of a directory. The directory may change
// between two pages: an id may be left out or come twice.
func (c *Client) ContactIDs(ctx context.Context, directory DirectoryID) iter.Seq2[ContactID, error] {
	query := url.Values{"useNewPaginationScheme": {"true"}}
	return list(ctx, c, request{to: toContacts, path: "/directories/" + id(directory) + "/contacts", query: query}, contactID)
}

// Contact reads one contact, with its dates (API §4.2).
func (c *Client) Contact(ctx context.Context, directory DirectoryID, contact ContactID) (Contact, error) {
	var read Contact
	call := request{
		to: toContact, method: http.MethodGet, path: "/directories/" + id(directory) + "/contacts/" + id(contact),
		query: url.Values{"includeSegments": {"true"}},
	}
	err := c.get(ctx, call, checked(func(m *fields) (err error) {
		shown, _ := contactID(m)
		if err := shows("contact", contact, shown); err != nil {
			return err
		}
		read = contactWith(shown, m)
		return nil
	}))
	return read, err
}

// HasContact reports whether a contact exists. It returns false only if Qualtrics
// itself answers that it does not. A deleted contact is in no listing either (API
// §4.2).
func (c *Client) HasContact(ctx context.Context, directory DirectoryID, contact ContactID) (bool, error) {
	_, err := c.Contact(ctx, directory, contact)
	if IsGone(err) {
		return false, nil
	}
	return err == nil, err
}

// ContactFilter asks for contacts by their dates, in whole seconds. From is inclusive,
// Before is exclusive, and a zero time is no bound.
type ContactFilter struct {
	CreatedFrom, CreatedBefore   time.Time
	ModifiedFrom, ModifiedBefore time.Time
}

type searchFilter struct {
	FilterType string `json:"filterType"`
	Comparison string `json:"comparison"`
	Value      string `json:"value"`
}

// body returns the filter in the form of the API: alone, or joined by "and".
func (f ContactFilter) body() any {
	var filters []searchFilter
	add := func(field, comparison string, at time.Time) {
		if !at.IsZero() {
			filters = append(filters, searchFilter{field, comparison, at.UTC().Format(time.DateTime)})
		}
	}
	add("created", "gte", f.CreatedFrom)
	add("created", "lt", f.CreatedBefore)
	add("lastModified", "gte", f.ModifiedFrom)
	add("lastModified", "lt", f.ModifiedBefore)
	switch len(filters) {
	case 0: // a search needs a filter
		return map[string]any{"filter": searchFilter{"created", "gte", "1970-01-01 00:00:00"}}
	case 1:
		return map[string]any{"filter": filters[0]}
	default:
		return map[string]any{"filter": map[string]any{"conjunction": "and", "filters": filters}}
	}
}

// Contacts on one page of a search, and contacts that one search can return (API §4.2).
const (
	searchPage  = 100
	searchDepth = 10_000
)

// SearchContacts yields the contacts that match a filter, with their dates. The
// directory may change between two pages: a contact may be left out or come twice. The
// search ends with [ErrSearchDepth] after 10,000 contacts, or earlier if Qualtrics
// answers a later page by 400.
func (c *Client) SearchContacts(ctx context.Context, directory DirectoryID, filter ContactFilter) iter.Seq2[Found, error] {
	return func(yield func(Found, error) bool) {
		call := request{
			to: toSearch, method: http.MethodPost, path: "/directories/" + id(directory) + "/contacts/search", body: filter.body(),
			query: url.Values{"pageSize": {strconv.Itoa(searchPage)}, "includeEmbedded": {"true"}, "includeSegments": {"true"}},
		}
		seen, yielded := make(map[string]bool), 0
		for {
			var got page
			if err := c.get(ctx, call, &got); err != nil {
				var answer *APIError
				if errors.As(err, &answer) && answer.Status == http.StatusBadRequest && yielded > 0 {
					err = fmt.Errorf("%w: %w", ErrSearchDepth, err)
				}
				yield(Found{}, err)
				return
			}
			before := yielded
			var more bool
			if yielded, more = elements(got, toSearch, before, foundOf, yield); !more {
				return
			}
			token, err := got.token()
			if err != nil {
				yield(Found{}, fmt.Errorf("searching contacts: %w", err))
				return
			}
			if token == "" {
				return
			}
			if seen[token] {
				yield(Found{}, errors.New("searching contacts: the token of the next page repeats an earlier one"))
				return
			}
			seen[token] = true
			if yielded >= searchDepth && yielded > before {
				// Qualtrics answers the next request by 400. Exactly 10,000 matches
				// look the same as more.
				yield(Found{}, ErrSearchDepth)
				return
			}
			call.query.Set("skipToken", token)
		}
	}
}
