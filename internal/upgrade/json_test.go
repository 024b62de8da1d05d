package upgrade_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// object is an object of JSON.
type object = map[string]any

// resources are the managed resources of a state.
func resources(t *testing.T, document any) []object {
	t.Helper()
	top, _ := document.(object)
	return slices.DeleteFunc(objects(t, top["resources"]), func(resource object) bool { return resource["mode"] != "managed" })
}

// instances are the instances of all managed resources.
func instances(t *testing.T, document any) []object {
	t.Helper()
	var all []object
	for _, resource := range resources(t, document) {
		all = append(all, objects(t, resource["instances"])...)
	}
	return all
}

// objects are the elements of a list.
func objects(t *testing.T, list any) []object {
	t.Helper()
	elements, _ := list.([]any)
	all := make([]object, len(elements))
	for i, element := range elements {
		var ok bool
		if all[i], ok = element.(object); !ok {
			t.Fatalf("%v is no object", element)
		}
	}
	return all
}

// decode reads a JSON document. Numbers stay as they are written.
func decode(t *testing.T, text []byte) any {
	t.Helper()
	var document any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		t.Fatal(err)
	}
	return document
}

func encode(t *testing.T, document any) []byte {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func compact(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func readFile(t *testing.T, elements ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
