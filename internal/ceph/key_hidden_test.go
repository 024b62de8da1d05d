package ceph

import (
	"bytes"
	"encoding"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

// secretKey is a key of which no part looks like anything else.
func secretKey(t *testing.T) Key {
	t.Helper()
	key, err := ParseKey("AQBbVQNrrmrbAxAA8l0oxoset90Fhg1f7I61sw==")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// What a key can be in. For fields that are not exported fmt calls no method.
type (
	exported struct {
		Name string
		Key  Key
	}
	unexported struct {
		name string
		key  Key
	}
	pointed  struct{ key *Key }
	embedded struct{ Key }
	deep     struct {
		users  []User
		held   map[string]unexported
		any    any
		config *Config
	}
	bare struct {
		Text string
		text string
		Raw  []byte
		raw  []byte
		list []string
	}
)

func holders(key Key) map[string]any {
	pointer, inside := &key, unexported{"n", key}
	config, user := Config{Label: "east", Key: key}, User{Name: "x", Key: key}
	return map[string]any{
		"key":                   key,
		"pointer":               pointer,
		"pointer to a pointer":  &pointer,
		"decoded":               key.Value,
		"keyring":               user.Keyring(),
		"struct":                exported{"n", key},
		"pointer to a struct":   &exported{"n", key},
		"slice":                 []Key{key},
		"array":                 [1]Key{key},
		"slice of any":          []any{key, pointer},
		"map":                   map[string]Key{"k": key},
		"map of pointers":       map[string]*Key{"k": pointer},
		"unexported":            inside,
		"pointer to unexported": &inside,
		"unexported pointer":    pointed{pointer},
		"slice of unexported":   []unexported{inside},
		"map of unexported":     map[string]unexported{"k": inside},
		"embedded":              embedded{key},
		"deep":                  deep{[]User{user}, map[string]unexported{"k": inside}, key, &config},
		"user":                  user,
		"reply":                 authRecord{Entity: "client.x", Key: key, Pending: key},
		"configuration":         config,
		"cluster":               NewCluster(config, nil),
		"reflected":             reflect.ValueOf(key),
		"reflected, unexported": reflect.ValueOf(inside).Field(1),
		"reflected, its field":  reflect.ValueOf(key).Field(1),
	}
}

var verbs = strings.Fields("%v %+v %#v %s %q %+q %x %X %#x %d %o %b %c %U %e %g %t %T %p %08v %-8s %z")

// written is a value in all forms in which a program may write it.
func written(value any) map[string]string {
	all := map[string]string{"Sprint": fmt.Sprint(value), "Errorf": fmt.Errorf("it is %v", value).Error()}
	for _, verb := range verbs {
		all[verb] = fmt.Sprintf(verb, value)
	}
	for name, marshal := range map[string]func(any) ([]byte, error){"JSON": json.Marshal, "XML": xml.Marshal} {
		if out, err := marshal(value); err == nil {
			all[name] = string(out)
		}
	}
	var encoded, log bytes.Buffer
	if err := gob.NewEncoder(&encoded).Encode(value); err == nil {
		all["gob"] = encoded.String()
	}
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "value", value)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "value", value)
	all["log"] = log.String()
	return all
}

// shown is the form in which an output shows a key, empty where it shows nothing.
func shown(out string, key Key) string {
	for _, bare := range []any{key.Text(), key.Bytes(), []byte(key.Text()), string(key.Bytes())} {
		for _, form := range append([]string{"% x", "%# x"}, verbs...) {
			text := fmt.Sprintf(form, bare)
			text = strings.Trim(text[strings.LastIndex(text, "{")+1:], `"[]{}() `)
			if form != "%T" && strings.Contains(out, text) {
				return form
			}
		}
		if encoded, err := json.Marshal(bare); err == nil && strings.Contains(out, strings.Trim(string(encoded), `"`)) {
			return "JSON"
		}
	}
	return ""
}

// Nobody who prints, logs or encodes a key, or what holds one, shows it.
func TestKeyIsNotShown(t *testing.T) {
	key := secretKey(t)
	for name, holder := range holders(key) {
		for way, out := range written(holder) {
			if form := shown(out, key); form != "" {
				t.Errorf("%s, by %s: the key is shown as by %s", name, way, form)
			}
		}
	}
	// The same search finds a key that nothing hides.
	text := key.Text()
	for way, out := range written(bare{text, text, key.Bytes(), key.Bytes(), []string{text}}) {
		if shown(out, key) == "" && way != "%T" {
			t.Errorf("by %s a bare key is not found: %s", way, out)
		}
	}
}

// Each printer or encoder asks for another method, so each of them has to be there.
func TestKeyHasEachMethodThatHidesIt(t *testing.T) {
	key := secretKey(t)
	for name, value := range map[string]any{"key": key, "pointer": &key, "decoded": key.Value, "malformed": GivenKey("malformed")} {
		got := map[string]string{}
		if formatter, has := value.(fmt.Formatter); has {
			got["Format"] = sensitive.Placeholder
			for _, verb := range verbs {
				if out := fmt.Sprintf(verb, formatter); out != sensitive.Placeholder && verb != "%T" && verb != "%p" { // of which fmt asks nobody
					got["Format"] = out
				}
			}
		}
		if stringer, has := value.(fmt.Stringer); has {
			got["String"] = stringer.String()
		}
		if stringer, has := value.(fmt.GoStringer); has {
			got["GoString"] = stringer.GoString()
		}
		if marshaler, has := value.(encoding.TextMarshaler); has {
			text, _ := marshaler.MarshalText()
			got["MarshalText"] = string(text)
		}
		if marshaler, has := value.(json.Marshaler); has {
			text, _ := marshaler.MarshalJSON()
			got["MarshalJSON"] = strings.Trim(string(text), `"`)
		}
		if valuer, has := value.(slog.LogValuer); has {
			got["LogValue"] = valuer.LogValue().String()
		}
		for _, method := range []string{"Format", "String", "GoString", "MarshalText", "MarshalJSON", "LogValue"} {
			if got[method] != sensitive.Placeholder {
				t.Errorf("%s: %s writes %q", name, method, got[method])
			}
		}
	}
}

// A printer that calls no method reads fields by reflection: whatever it follows, there are only functions.
func TestKeyHoldsOnlyFunctions(t *testing.T) {
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		switch of.Kind() {
		case reflect.Func:
		case reflect.Struct:
			for i := range of.NumField() {
				walk(of.Field(i).Type)
			}
		default:
			t.Errorf("a key holds a %s, which reflection reads", of)
		}
	}
	walk(reflect.TypeFor[Key]())
}
