package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// settingKeys lists the dotted key of every setting of a configuration.
func settingKeys(types ...reflect.Type) (keys []string) {
	for _, typ := range types {
		keys = append(keys, keysBelow(typ, "")...)
	}
	return keys
}

func keysBelow(typ reflect.Type, path string) (keys []string) {
	for i := range typ.NumField() {
		key := join(path, typ.Field(i).Tag.Get("json"))
		keys = append(keys, key)
		if inside := typ.Field(i).Type; inside.Kind() == reflect.Struct {
			keys = append(keys, keysBelow(inside, key)...)
		}
	}
	return keys
}

// strictGroups hold the settings of the selection and the credentials. If a misspelled
// one were ignored, more would be read than the user meant.
var strictGroups = []string{"surveys", "directories", "deletions", "credentials", "privacy"}

// strictWords are in the names of these groups, without their endings.
var strictWords = []string{"survey", "director", "deletion", "credential", "privacy"}

// unknownKey judges a key that no setting has, by the known ones. Other programs
// add keys of their own to a configuration, so that a key which resembles no
// setting is only a warning.
func unknownKey(key string, known []string) (nearest string, mistake bool) {
	group, _, nested := strings.Cut(key, ".")
	if nested {
		mistake = slices.Contains(strictGroups, group)
	} else {
		mistake = slices.ContainsFunc(strictWords, func(word string) bool { return strings.Contains(squeezed(key), word) })
	}
	least := 0
	for _, candidate := range known {
		distance, misspelled := resemblance(key, candidate)
		mistake = mistake || misspelled
		if nearest == "" || distance < least {
			nearest, least = candidate, distance
		}
	}
	return nearest, mistake
}

// resemblance returns the distance of a key from a setting, and whether the key is
// probably misspelled. Then a few letters differ, or the name of the group is missing.
func resemblance(key, setting string) (distance int, misspelled bool) {
	whole, wholeSetting := squeezed(key), squeezed(setting)
	if whole == wholeSetting {
		return 0, true
	}
	distance = wording.Distance(whole, wholeSetting)
	last, lastSetting := squeezed(lastKey(key)), squeezed(lastKey(setting))
	if parentKey(key) != parentKey(setting) {
		if last == lastSetting {
			group, _, _ := strings.Cut(setting, ".")
			return 1, slices.Contains(strictGroups, group)
		}
		const beside = 100 // a setting of the same group comes first
		return beside + distance, distance <= len(wholeSetting)/8
	}
	misspelled = wording.Distance(last, lastSetting) <= max(1, min(len(last), len(lastSetting))/3)
	if len(last) > 2 && strings.Contains(lastSetting, last) { // token for api_token
		return 1, misspelled
	}
	return wording.Distance(last, lastSetting), misspelled
}

func parentKey(key string) string { return key[:max(0, strings.LastIndexByte(key, '.'))] }

func lastKey(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// squeezed writes a key without case and separators: startDate, start-date and
// start_date are the same to people.
func squeezed(key string) string {
	key = strings.ToLower(key)
	return strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(key[:min(len(key), 80)])
}

// unknown notes a key that no setting has.
func (w *configWalk) unknown(key string) {
	// Platforms inject keys of their own that start with an underscore.
	if strings.HasPrefix(lastKey(key), "_") {
		return
	}
	switch nearest, mistake := unknownKey(key, w.known); {
	case key == "stream_maps":
		w.problems = append(w.problems, "stream_maps is not supported: leave columns out by the catalog, and filter rows behind the tap")
	case mistake:
		w.problems = append(w.problems, fmt.Sprintf("the configuration key %.80q is unknown: the nearest known one is %s", key, nearest))
	default:
		w.warnings = append(w.warnings, fmt.Sprintf("the configuration key %.80q is unknown and ignored", key))
	}
}
