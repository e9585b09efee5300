package sandbox

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// DoubtNames lists the switches of [Doubt].
func DoubtNames() []string {
	var names []string
	for field := range reflect.TypeFor[Doubt]().Fields() {
		names = append(names, field.Name)
	}
	return names
}

// ParseDoubt reads switches such as "EndInclusive,ExpiredTokenCode=403,
// TokenLifetime=5m", which are the fields of [Doubt].
func ParseDoubt(text string) (Doubt, error) {
	var doubt Doubt
	for name, value := range settings(text) {
		field := reflect.ValueOf(&doubt).Elem().FieldByName(name)
		if !field.IsValid() {
			return doubt, fmt.Errorf("unknown doubt %q: use some of %s", name, strings.Join(DoubtNames(), ", "))
		}
		var err error
		switch at := field.Addr().Interface().(type) {
		case *bool:
			*at = true
			if value != "" {
				*at, err = strconv.ParseBool(value)
			}
		case *int:
			*at, err = strconv.Atoi(value)
		case *string:
			*at = value
		case *time.Duration:
			*at, err = time.ParseDuration(value)
		}
		if err != nil {
			return doubt, fmt.Errorf("the doubt %s cannot be %q", name, value)
		}
	}
	return doubt, nil
}

// ParseFaultRates reads chances in percent, such as "rate=5,jobfail=0.5", for
// Options.FaultRates. It returns nil if there are none.
func ParseFaultRates(text string) (map[string]int, error) {
	var rates map[string]int
	for class, value := range settings(text) {
		percent, err := strconv.ParseFloat(value, 64)
		if err != nil || !(percent >= 0 && percent <= 100) { // excludes NaN, too
			return nil, fmt.Errorf("the chance of the fault %s must be 0 to 100 percent, not %q: write for example %[1]s=5", class, value)
		}
		if rates == nil {
			rates = make(map[string]int)
		}
		rates[class] = int(percent*100 + 0.5)
	}
	return rates, nil
}

// settings splits "a,b=c" into names and values.
func settings(text string) func(func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		for one := range strings.SplitSeq(text, ",") {
			if one = strings.TrimSpace(one); one == "" {
				continue
			}
			name, value, _ := strings.Cut(one, "=")
			if !yield(strings.TrimSpace(name), strings.TrimSpace(value)) {
				return
			}
		}
	}
}
