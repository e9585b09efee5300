package testkit

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/sandbox"
)

// Encode encodes a value of a test as JSON.
func Encode(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return encoded
}

// Catalog configures streams, given as "name" or "name:mode"; without a mode they are
// incremental.
func Catalog(streams ...string) []byte {
	entries := make([]any, 0, len(streams))
	for _, entry := range streams {
		name, mode, ok := strings.Cut(entry, ":")
		if !ok {
			mode = "incremental"
		}
		entries = append(entries, map[string]any{
			"stream":    map[string]any{"name": name, "json_schema": map[string]any{}, "supported_sync_modes": []string{"full_refresh", "incremental"}},
			"sync_mode": mode, "destination_sync_mode": "append_dedup", "cursor_field": nil,
		})
	}
	return Encode(map[string]any{"streams": entries})
}

// TapCatalog selects streams of the tap, to be read by a method; "" leaves the choice
// to the tap.
func TapCatalog(method string, streams ...string) []byte {
	entries := make([]any, 0, len(streams))
	for _, stream := range streams {
		entry := map[string]any{"tap_stream_id": stream, "stream": stream}
		if method != "" {
			entry["replication_method"] = method
		}
		entries = append(entries, entry)
	}
	return Encode(map[string]any{"streams": entries})
}

// Config is a configuration for a tenant, with a token and without waits for limits.
// The settings replace its own.
func Config(tenant *sandbox.Sandbox, settings map[string]any) map[string]any {
	config := map[string]any{
		"data_center": "sandbox1",
		"credentials": Token(tenant),
		"limits":      Limits(0),
	}
	maps.Copy(config, settings)
	return config
}

// Token are the credentials of a tenant's user with a token.
func Token(tenant *sandbox.Sandbox) map[string]any {
	return map[string]any{"auth_type": "api_token", "api_token": tenant.Credentials().APIToken}
}

// OAuth are the credentials of a tenant's OAuth client.
func OAuth(id, secret string) map[string]any {
	return map[string]any{"auth_type": "oauth2_client_credentials", "client_id": id, "client_secret": secret}
}

// Limits are limits that no test reaches, with so many exports at once; 0 is the
// default number.
func Limits(parallel int) map[string]any {
	limits := map[string]any{"requests_per_minute": 1_000_000, "exports_per_minute": 1_000_000}
	if parallel > 0 {
		limits["parallel_exports"] = parallel
	}
	return limits
}
