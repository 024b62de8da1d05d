package upgrade_test

import (
	"encoding/json"
	"testing"
)

// toTestData returns a state of Terraform as the test data has it: with tokens, and with the private state readable.
func toTestData(t *testing.T, state []byte, all tokens) []byte {
	t.Helper()
	document := decode(t, state)
	for _, instance := range instances(t, document) {
		encoded, ok := instance["private"].(string)
		if !ok {
			continue
		}
		private := map[string]any{}
		for name, value := range bytesByName(t, encoded) {
			private[name] = decode(t, value)
		}
		instance["private"] = private
	}
	return encode(t, all.contractIn(document))
}

// fromTestData returns a state of the test data as Terraform writes it.
func fromTestData(t *testing.T, state []byte, all tokens) []byte {
	t.Helper()
	document := all.expandIn(decode(t, state))
	for _, instance := range instances(t, document) {
		private, ok := instance["private"].(map[string]any)
		if !ok {
			continue
		}
		values := map[string][]byte{}
		for name, value := range private {
			values[name] = compact(t, value)
		}
		// The framework encodes the private state as JSON, in which bytes are base64; Terraform stores that as bytes in its own JSON.
		instance["private"] = compact(t, values)
	}
	return encode(t, document)
}

func bytesByName(t *testing.T, encoded string) map[string][]byte {
	t.Helper()
	var values map[string][]byte
	var text []byte
	if err := json.Unmarshal([]byte(`"`+encoded+`"`), &text); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	return values
}
