package provider

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// placeOfState are the arguments of Terraform's backends that tell which state it is. None of them is secret.
var placeOfState = []string{
	"bucket", "key", "prefix", "path", "address", "container_name", "storage_account_name", "organization", "hostname", "schema_name",
	"secret_suffix", "namespace", "workspace_key_prefix", "region", "endpoint", "name",
}

// workspacesArgument is a block of the backends remote and cloud: which workspaces hold the state, by name, prefix, tags or project.
const workspacesArgument = "workspaces"

// origin is a digest of what Terraform tells a provider, by its folder and environment, of the state that it works on: where the backend
// keeps it, or else the folder, and the workspace.
func origin() string {
	folder, err := os.Getwd()
	if err != nil {
		return ""
	}
	data := cmp.Or(os.Getenv("TF_DATA_DIR"), ".terraform")
	selected, _ := os.ReadFile(filepath.Join(data, "environment")) // there is none for the workspace "default"
	workspace := cmp.Or(os.Getenv("TF_WORKSPACE"), strings.TrimSpace(string(selected)), "default")
	place := []string{folder}
	if backend := backendOf(filepath.Join(data, "terraform.tfstate")); len(backend) > 0 {
		place = backend
	}
	text, err := json.Marshal(append(place, workspace))
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// backendOf returns the type of the backend and where it keeps the state, or nothing where that is a file in the folder.
func backendOf(file string) []string {
	var recorded struct {
		Backend struct {
			Type   string         `json:"type"`
			Config map[string]any `json:"config"`
		} `json:"backend"`
	}
	content, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(content, &recorded) != nil || slices.Contains([]string{"", "local"}, recorded.Backend.Type) {
		return nil
	}
	var place []string
	for _, argument := range placeOfState {
		if value, ok := recorded.Backend.Config[argument].(string); ok {
			if address, err := url.Parse(value); err == nil && address.User != nil {
				address.User = nil // perhaps with a password
				value = address.String()
			}
			place = append(place, argument+"="+value)
		}
	}
	place = append(place, textsIn(workspacesArgument, recorded.Backend.Config[workspacesArgument])...)
	if len(place) == 0 {
		return nil
	}
	return append(place, recorded.Backend.Type)
}

// textsIn are all strings in an argument, each with where it stands, in an order that stays: a block is written as an object or as a list
// of one, tags as a list or as an object.
func textsIn(at string, value any) []string {
	var texts []string
	switch value := value.(type) {
	case string:
		texts = append(texts, at+"="+value)
	case []any:
		for _, element := range value {
			texts = append(texts, textsIn(at, element)...)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			texts = append(texts, textsIn(at+"."+name, value[name])...)
		}
	}
	return texts
}
