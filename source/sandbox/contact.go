package sandbox

import (
	"strconv"
	"time"
)

// contact is a contact at one moment.
type contact struct {
	directory *directory
	index     int
	created   int64 // Unix seconds
	change    contactChange

	list       *mailingList // the mailing list through which it was found, nil for none
	listOptOut int64        // opt-out of that list, Unix seconds; 0 = still subscribed
}

func (c *contact) id() string {
	return c.directory.world.contactIDs.format(c.directory.number, c.index)
}

func (c *contact) identity() identity { return c.directory.identity(c.index) }

// dice returns a generator for values that do not depend on edits.
func (c *contact) dice(purpose uint64) random {
	return random{hash2(c.directory.key+purpose, uint64(c.index))}
}

// optOut returns the time of the opt-out from the directory in Unix seconds, 0
// for none. One contact in 25 opted out before the world began.
func (c *contact) optOut() int64 {
	if c.change.unsubscribed != 0 {
		return c.change.unsubscribed
	}
	r := c.dice(1)
	if c.index >= c.directory.base || !r.chance(4) {
		return 0
	}
	return c.created + r.span(c.directory.end-c.created+1)
}

func (c *contact) createdAt() time.Time { return time.Unix(c.created, 0).UTC() }

// modifiedAt returns a date at or after createdAt. Two in five base contacts
// were edited.
func (c *contact) modifiedAt() time.Time { return time.Unix(c.modified(), 0).UTC() }

func (c *contact) modified() int64 {
	if c.change.modified != 0 {
		return c.change.modified
	}
	r := c.dice(2)
	modified := c.created
	if c.index < c.directory.base && r.chance(40) {
		modified += r.span(c.directory.end - c.created + 1)
	}
	if !c.directory.world.doubt.OptOutKeepsModified && c.change.unsubscribed == 0 {
		modified = max(modified, c.optOut())
	}
	return modified
}

// field returns the value that a search filter of a type compares (API §4.2).
func (c *contact) field(filterType string) string {
	switch filterType {
	case "email":
		return c.identity().email
	case "firstName":
		return c.firstName()
	case "lastName":
		return c.identity().last
	case "language":
		return c.language()
	case "phone":
		return c.phone()
	case "extRef":
		return c.identity().reference
	}
	return ""
}

// firstName returns another name after every third edit.
func (c *contact) firstName() string {
	first := c.identity().first
	if first == "" || c.change.revision%3 != 1 {
		return first
	}
	return first + " " + strconv.Itoa(c.change.revision)
}

func (c *contact) language() string {
	r := c.dice(3)
	language := pick(&r, []string{"", "EN", "EN", "DE", "FR", "JA", "AR"})
	if c.change.revision%3 == 2 {
		return "ES"
	}
	return language
}

// phone returns a number of the range reserved for fiction, or an empty text.
func (c *contact) phone() string {
	r := c.dice(4)
	if !r.chance(60) {
		return ""
	}
	return "+1555" + strconv.Itoa(5550100+(r.intn(100)+c.change.revision)%100)
}

// embeddedData returns a map of strings, empty for some contacts.
func (c *contact) embeddedData() map[string]string {
	r := c.dice(5)
	data := map[string]string{}
	if r.chance(15) {
		return data
	}
	data["tier"] = pick(&r, []string{"gold", "silver", "Bronze", ""})
	data["Account Number"] = strconv.FormatUint(1<<53+1+uint64(c.index), 10)
	data["Signup Date"] = time.Unix(c.created, 0).UTC().Format("01/02/2006")
	if r.chance(30) {
		data["größe (cm)"] = strconv.Itoa(150 + r.intn(50))
	}
	if c.change.revision > 0 {
		data["revision"] = strconv.Itoa(c.change.revision)
	}
	return data
}
