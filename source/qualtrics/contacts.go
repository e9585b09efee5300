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

func contactOf(raw json.RawMessage) (Contact, error) {
	m := &fields{members: membersOf(raw)}
	contact := Contact{
		ID:                contactID(m.members),
		FirstName:         m.text("FirstName", "firstName"),
		LastName:          m.text("LastName", "lastName"),
		Email:             m.text("Email", "email"),
		Phone:             m.text("Phone", "phone", "phoneNumber"),
		ExternalReference: m.text("ExternalReference", "extRef", "externalDataReference"),
		Language:          m.text("Language", "language"),
		Unsubscribed:      valueOf(m, "Unsubscribed", m.boolean, "unsubscribed", "directoryUnsubscribed"),
		UnsubscribedAt:    valueOf(m, "UnsubscribedAt", m.time, "unsubscribeDate", "directoryUnsubscribeDate"),
		CreatedAt:         valueOf(m, "CreatedAt", m.time, "creationDate"),
		ModifiedAt:        valueOf(m, "ModifiedAt", m.time, "lastModified"),
		EmbeddedData:      m.object("EmbeddedData", "embeddedData"),
		Stats:             m.object("Stats", "stats"),
		SegmentMembership: m.object("SegmentMembership", "segmentMembership"),
		Raw:               raw,
	}
	contact.Altered = m.altered
	if contact.ID == "" {
		return contact, errNoContactID
	}
	return contact, nil
}

var errNoContactID = errors.New("a contact has no id")

func contactID(m members) ContactID { return ContactID(text(m.text("contactId", "id"))) }

// Contacts yields all contacts of a directory, without dates.
func (c *Client) Contacts(ctx context.Context, directory DirectoryID) iter.Seq2[Contact, error] {
	query := url.Values{"useNewPaginationScheme": {"true"}, "includeEmbedded": {"true"}}
	return list(ctx, c, request{to: toContacts, path: "/directories/" + id(directory) + "/contacts", query: query}, contactOf)
}

// ContactIDs yields the ids of all contacts of a directory. The directory may change
// between two pages: an id may be left out or come twice.
func (c *Client) ContactIDs(ctx context.Context, directory DirectoryID) iter.Seq2[ContactID, error] {
	query := url.Values{"useNewPaginationScheme": {"true"}}
	return list(ctx, c, request{to: toContacts, path: "/directories/" + id(directory) + "/contacts", query: query}, func(raw json.RawMessage) (ContactID, error) {
		contact := contactID(membersOf(raw))
		if contact == "" {
			return "", errNoContactID
		}
		return contact, nil
	})
}

// Contact reads one contact, with its dates (API §4.2).
func (c *Client) Contact(ctx context.Context, directory DirectoryID, contact ContactID) (Contact, error) {
	var read Contact
	call := request{
		to: toContact, method: http.MethodGet, path: "/directories/" + id(directory) + "/contacts/" + id(contact),
		query: url.Values{"includeSegments": {"true"}},
	}
	err := c.get(ctx, call, &checked{func(raw json.RawMessage) (err error) {
		if err := shows("contact", contact, contactID(membersOf(raw))); err != nil {
			return err
		}
		read, err = contactOf(raw)
		return err
	}})
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
func (c *Client) SearchContacts(ctx context.Context, directory DirectoryID, filter ContactFilter) iter.Seq2[Contact, error] {
	return func(yield func(Contact, error) bool) {
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
				yield(Contact{}, err)
				return
			}
			if !elements(got, toSearch, yielded, contactOf, yield) {
				return
			}
			yielded += len(got.Elements)
			token, err := got.token()
			if err != nil {
				yield(Contact{}, fmt.Errorf("searching contacts: %w", err))
				return
			}
			if token == "" {
				return
			}
			if seen[token] {
				yield(Contact{}, errors.New("searching contacts: the token of the next page repeats an earlier one"))
				return
			}
			seen[token] = true
			if yielded >= searchDepth && len(got.Elements) > 0 {
				// Qualtrics answers the next request by 400. Exactly 10,000 matches
				// look the same as more.
				yield(Contact{}, ErrSearchDepth)
				return
			}
			call.query.Set("skipToken", token)
		}
	}
}
