package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// The documentation tool reads the schema as JSON, so that is what is looked at.
func TestSchemasAreWhatTerraformWouldPrint(t *testing.T) {
	text, err := json.Marshal(fakeSchemas(t).ResourceSchemas["ceph_pool"])
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`"version":2`,
		`"caps":{"type":["map","string"],"description":"The ` + "`caps`" + `.","description_kind":"markdown","required":true}`,
		`"key_wo":{"type":"string","description_kind":"plain","optional":true,"sensitive":true,"write_only":true}`,
		`"monitors":{"nested_type":{"attributes":{"port":{"type":"number","description_kind":"plain","computed":true}},"nesting_mode":"set"}`,
	} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s is missing in\n%s", part, text)
		}
	}
	called, err := json.Marshal(fakeSchemas(t).Functions["quote"])
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"description":"Puts a name in ` + "`quotes`" + `.","summary":"In quotes","return_type":"string",` +
		`"parameters":[{"name":"name","description":"The name.","is_nullable":true,"type":"dynamic"}]}`; string(called) != want {
		t.Errorf("the function is told as\n%s\nwant\n%s", called, want)
	}
	if !fakeSchemas(t).ResourceIdentitySchemas["ceph_pool"].Attributes["name"].RequiredForImport {
		t.Error("the identity schema is lost")
	}
}

func TestOneWordKeepsItsTypes(t *testing.T) {
	for word, want := range map[string]string{"ceph": "ceph_pool", "libvirt": "libvirt_rbd_disk"} {
		got := oneWord(fakeSchemas(t), word).Schemas[word]
		if names := slices.Collect(maps.Keys(got.ResourceSchemas)); !slices.Equal(names, []string{want}) {
			t.Errorf("%s: got %q", word, names)
		}
		if _, found := got.Functions["quote"]; found != (word == "ceph") {
			t.Errorf("%s: has the function: %v", word, found)
		}
		if names := slices.Collect(maps.Keys(got.ListResourceSchemas)); !slices.Equal(names, []string{want}) {
			t.Errorf("%s: lists %q", word, names)
		}
		if len(got.ResourceIdentitySchemas) != 1 {
			t.Errorf("%s: %d identity schemas", word, len(got.ResourceIdentitySchemas))
		}
	}
}
