package qualtrics

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// masked returns a part of a definition without the credentials of other systems. Web
// services keep members that are known to have none (catalog §1.3). Callbacks of quotas
// and authenticators keep no value (§1.5). Elsewhere, values with the name of a credential,
// the paths of addresses, and addresses of e-mails are masked. That is *assumed* to be all.
func masked(raw json.RawMessage) json.RawMessage {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return nil // there is nothing
	}
	encoded, err := json.Marshal(maskIn(value))
	if err != nil {
		return nil // it was decoded from JSON
	}
	return encoded
}

// maskIn masks the credentials in a value.
func maskIn(value any) any {
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			value[i] = maskIn(element)
		}
	case map[string]any:
		kind, _ := value["Type"].(string)
		field, _ := value["Field"].(string)
		for name, member := range value {
			switch {
			case hidesAll(name), !isSafe(kind, name), field != "" && name == "Value" && namesCredential(field):
				value[name] = maskAll(member, false)
			case namesCredential(name):
				value[name] = maskText(member)
			default:
				value[name] = maskIn(member)
			}
			switch text, _ := member.(string); {
			case strings.HasSuffix(strings.ToLower(name), "url"):
				value[name] = maskAddress(text, value[name])
			case strings.Contains(text, "@") && isMailbox(name):
				value[name] = redact.Mask
			case kind == "WebService" && strings.Contains(text, "://"): // a description with an address
				value[name] = redact.Mask
			}
		}
	}
	return value
}

// hidesAll reports whether all values of a member are masked.
func hidesAll(name string) bool {
	switch strings.ToLower(name) {
	case "headers", "requestparams", "body", "webserviceoptions", "authorization":
		return true
	}
	return false
}

// isSafe reports whether a member of a flow element may have values without credentials.
func isSafe(kind, name string) bool {
	switch name {
	case "Type", "FlowID", "Description", "Flow", "ID":
		return true
	case "URL", "Method", "ContentType", "ResponseMap", "EditBodyParams", "FireAndForget", "StringifyValues", "SchemaVersion":
		return kind != "Authenticator"
	}
	return kind != "Authenticator" && kind != "WebService"
}

// namesCredential reports whether a name is that of a credential.
func namesCredential(name string) bool {
	plain := strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(strings.ToLower(name))
	for _, word := range []string{
		"password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey", "sharedkey", "authorization", "credential", "signature",
	} {
		if strings.Contains(plain, word) {
			return true
		}
	}
	return false
}

// isMailbox reports whether a member has addresses of e-mails, such as those of workflows.
func isMailbox(name string) bool {
	switch lower := strings.ToLower(name); lower {
	case "to", "from", "cc", "bcc", "replyto":
		return true
	default:
		return strings.Contains(lower, "email") || strings.Contains(lower, "recipient")
	}
}

// maskText masks a text or a number. Of other values it masks the credentials.
func maskText(value any) any {
	switch value := value.(type) {
	case string, json.Number:
		return maskAll(value, false)
	default:
		return maskIn(value)
	}
}

// maskAll masks each text and number. The names of parameters stay: of an object in a list
// with a value, that is its key or name.
func maskAll(value any, listed bool) any {
	switch value := value.(type) {
	case string:
		if value == "" {
			return value
		}
		return redact.Mask
	case json.Number:
		return redact.Mask
	case []any:
		for i, element := range value {
			value[i] = maskAll(element, true)
		}
	case map[string]any:
		for name, member := range value {
			if !listed || !isParameterName(value, name) {
				value[name] = maskAll(member, false)
			}
		}
	}
	return value
}

func isParameterName(parameter map[string]any, name string) bool {
	lower := strings.ToLower(name)
	if lower != "key" && lower != "name" {
		return false
	}
	for other := range parameter {
		if strings.EqualFold(other, "value") {
			_, isText := parameter[name].(string)
			return isText
		}
	}
	return false
}

// maskAddress keeps the scheme and the host of a web address, because paths of web hooks
// and queries can be credentials. If the member is no text, it returns the other value.
func maskAddress(address string, other any) any {
	parsed, err := url.Parse(address)
	switch {
	case address == "":
		return other
	case err != nil:
		return redact.Mask
	case parsed.User == nil && strings.Trim(parsed.Path, "/") == "" && parsed.RawQuery == "" && parsed.Fragment == "" && parsed.Opaque == "":
		return address // such as https://
	case parsed.Host == "":
		return redact.Mask
	}
	return parsed.Scheme + "://" + parsed.Host + "/" + redact.Mask
}
