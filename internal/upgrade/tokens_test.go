package upgrade_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// tokens stand in the test data for what differs from bed to bed, each with the value that it has here: ${fsid}, ${host_uuid},
// ${mon.host}, ${mon.v1_port}, ${mon.v2_port}, and of objects ${pool.POOL} and ${image.POOL[/NAMESPACE]/IMAGE}.
type tokens map[string]string

// expand replaces the tokens by their values.
func (all tokens) expand(text string) string {
	var pairs []string
	for token, value := range all {
		pairs = append(pairs, token, value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// contract replaces the values by their tokens. It leaves out numbers, which could stand for something else, except ports in XML.
func (all tokens) contract(text string) string {
	var pairs []string
	for _, token := range slices.Sorted(maps.Keys(all)) {
		switch {
		case strings.HasSuffix(token, "_port}"):
			pairs = append(pairs, `port="`+all[token]+`"`, `port="`+token+`"`)
		case !strings.HasPrefix(token, "${pool."):
			pairs = append(pairs, all[token], token)
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// numbers are the fields whose numbers differ from bed to bed, with the beginning of their tokens.
var numbers = map[string]string{"pool_id": "${pool.", "port": "${mon."}

// expandIn is expand for all values of a JSON document.
func (all tokens) expandIn(document any) any {
	return edit(document, "", func(field string, value any) any {
		text, ok := value.(string)
		if !ok {
			return value
		}
		if prefix := numbers[field]; prefix != "" && strings.HasPrefix(text, prefix) {
			return json.Number(all.expand(text))
		}
		return all.expand(text)
	})
}

// contractIn is contract for all values of a JSON document, and for the numbers of some fields.
// contractIn is contract for all values of a JSON document, and for the numbers of some fields.
// contractIn is contract for all values of a JSON document, and for the numbers of some fields.
func (all tokens) contractIn(document any) any {
	return edit(document, "", func(field string, value any) any {
		switch v := value.(type) {
		case string:
			return all.contract(v)
		case json.Number:
			for token, number := range all {
				if prefix := numbers[field]; prefix != "" && strings.HasPrefix(token, prefix) && number == v.String() {
					return token
				}
			}
		}
		return value
	})
}

// edit replaces all values of a document that are neither objects nor lists by what change returns for them and their field's name.
func edit(document any, field string, change func(field string, value any) any) any {
	switch v := document.(type) {
	case map[string]any:
		for name := range v {
			v[name] = edit(v[name], name, change)
		}
		return v
	case []any:
		for i := range v {
			v[i] = edit(v[i], field, change)
		}
		return v
	}
	return change(field, document)
}
