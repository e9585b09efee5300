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

// Directory is an XM Directory (API §4.1).
type Directory struct {
	ID           DirectoryID
	Name         string
	ContactCount int64
	IsDefault    bool
}

// Directories yields the directories of the brand.
func (c *Client) Directories(ctx context.Context) iter.Seq2[Directory, error] {
	return list(ctx, c, request{to: toDirectories, path: "/directories"}, func(raw json.RawMessage) (Directory, error) {
		m := membersOf(raw)
		directory := Directory{ID: DirectoryID(text(m.text("directoryId"))), Name: text(m.text("name")), ContactCount: m.integer("contactCount")}
		if is := m.boolean("isDefault"); is != nil {
			directory.IsDefault = *is
		}
		if directory.ID == "" {
			return directory, errors.New("a directory has no id")
		}
		return directory, nil
	})
}

// Contact is a contact in any of the shapes that the API has for one
// (API §4.2). What a shape does not carry is nil.
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
}

func contactOf(raw json.RawMessage) (Contact, error) {
	m := membersOf(raw)
	contact := Contact{
		ID:                contactID(m),
		FirstName:         m.text("firstName"),
		LastName:          m.text("lastName"),
		Email:             m.text("email"),
		Phone:             m.text("phone", "phoneNumber"),
		ExternalReference: m.text("extRef", "externalDataReference"),
		Language:          m.text("language"),
		Unsubscribed:      m.boolean("unsubscribed", "directoryUnsubscribed"),
		UnsubscribedAt:    m.time("unsubscribeDate", "directoryUnsubscribeDate"),
		CreatedAt:         m.time("creationDate"),
		ModifiedAt:        m.time("lastModified"),
		EmbeddedData:      m.object("embeddedData"),
		Stats:             m.object("stats"),
		SegmentMembership: m.object("segmentMembership"),
		Raw:               raw,
	}
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

// ContactIDs yields the ids of all contacts of a directory. The pages are cut
// while it may change: an id may be left out or come twice.
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

// HasContact reports whether a contact exists: false only if Qualtrics answers
// that it does not. A deleted contact is in no listing either (API §4.2).
func (c *Client) HasContact(ctx context.Context, directory DirectoryID, contact ContactID) (bool, error) {
	var got json.RawMessage
	call := request{to: toContact, method: http.MethodGet, path: "/directories/" + id(directory) + "/contacts/" + id(contact)}
	err := c.get(ctx, call, &got)
	switch {
	case IsNotFound(err):
		return false, nil
	case err != nil:
		return false, err
	}
	if shown, err := contactOf(got); err != nil || shown.ID != contact {
		return false, fmt.Errorf("%s: asked for contact %s, got %q: %w", toContact.name, contact, shown.ID, errors.Join(err, errOtherContact))
	}
	return true, nil
}

var errOtherContact = errors.New("the answer is about another one")

// ContactFilter asks for contacts by their dates, in whole seconds: From is
// inclusive, Before is exclusive, zero times do not count.
type ContactFilter struct {
	CreatedFrom, CreatedBefore   time.Time
	ModifiedFrom, ModifiedBefore time.Time
}

type searchFilter struct {
	FilterType string `json:"filterType"`
	Comparison string `json:"comparison"`
	Value      string `json:"value"`
}

// body writes the filter as the API wants it: alone, or joined by "and".
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

// Pages of a search, and how far it reaches (API §4.2).
const (
	searchPage  = 100
	searchDepth = 10_000
)

// SearchContacts yields the contacts that a filter matches, with their dates.
// The pages are cut by position while the directory may change: a contact may
// be left out or come twice. More than 10,000 matches end with [ErrSearchDepth],
// as does every other depth: of a search that has shown a page, 400 says that.
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
			for _, raw := range got.Elements {
				contact, err := contactOf(raw)
				if err != nil {
					yield(Contact{}, fmt.Errorf("%s: %w", toSearch.name, err))
					return
				}
				if yielded++; !yield(contact, nil) {
					return
				}
			}
			token, err := got.token()
			if err != nil {
				yield(Contact{}, fmt.Errorf("%s: %w", toSearch.name, err))
				return
			}
			if token == "" {
				return
			}
			if seen[token] {
				yield(Contact{}, fmt.Errorf("%s: the token of the next page was given before", toSearch.name))
				return
			}
			seen[token] = true
			if yielded >= searchDepth && len(got.Elements) > 0 {
				// Asking on is answered by 400; a full last page at the
				// very end cannot be told from more to come.
				yield(Contact{}, ErrSearchDepth)
				return
			}
			call.query.Set("skipToken", token)
		}
	}
}
