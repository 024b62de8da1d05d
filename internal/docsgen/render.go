package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// providerName is the provider's name on every page, also on those of types that begin with another word.
const providerName = "ceph"

// words are the first words of the type names. The first one is the provider's name: with it the index and the guides are rendered, and
// the names of its pages don't have the word, as the registry expects.
var words = []string{providerName, "libvirt"}

// render returns the pages by their path below docs/. It runs the documentation tool once for each word, in a folder of
// its own, because the tool empties its output and fails on templates of types that it doesn't know.
func render(ctx context.Context, tool, root, work string, whole *tfjson.ProviderSchema) (map[string]string, error) {
	pages := map[string]string{}
	for _, word := range words {
		dir := filepath.Join(work, word)
		if err := prepare(root, dir, word, whole); err != nil {
			return nil, err
		}
		command := exec.CommandContext(ctx, tool, "generate", "--provider-dir", dir, "--provider-name", word,
			"--rendered-provider-name", providerName, "--providers-schema", filepath.Join(dir, "schema.json"))
		if out, err := command.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("tfplugindocs failed on the %s_* types: %w\n%s", word, err, out)
		}
		rendered, err := readTree(filepath.Join(dir, "docs"))
		if err != nil {
			return nil, err
		}
		for name, text := range rendered {
			if name := pageName(word, name); name != "" {
				pages[name] = text
			}
		}
	}
	return pages, nil
}

// pageName returns the path below docs/ of a page that the tool rendered for this word, or nothing if the page is not used.
func pageName(word, rendered string) string {
	if word == providerName {
		return rendered
	}
	folder, file := path.Split(rendered)
	if folder == "" || folder == "guides/" {
		return ""
	}
	return folder + word + "_" + file
}

// prepare writes what the tool reads: the schema of this word's types, all examples, and this word's templates.
func prepare(root, dir, word string, whole *tfjson.ProviderSchema) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	schema, err := json.Marshal(oneWord(whole, word))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "schema.json"), schema, 0o600); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS(filepath.Join(root, "examples"))); err != nil {
		return err
	}
	ours, err := readTree(filepath.Join(root, "templates"))
	if err != nil {
		return err
	}
	for name, text := range templates(ours, word, whole) {
		file := filepath.Join(dir, "templates", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// notesMark is the place in a template for what its page says beyond the schema: templates/notes/resources/ceph_pool.md
// goes there on the page of ceph_pool.
const notesMark = "@@NOTES@@\n\n"

// templates converts our folder of templates to the one that the tool expects for this word.
func templates(ours map[string]string, word string, whole *tfjson.ProviderSchema) map[string]string {
	seen := map[string]string{}
	for folder, names := range typeNames(whole) {
		for _, name := range names {
			page := templateName(word, folder+"/"+name+".md.tmpl")
			if notes, ok := ours["notes/"+folder+"/"+name+".md"]; ok && page != "" {
				seen[page] = strings.Replace(ours[folder+".md.tmpl"], notesMark, notes+"\n", 1)
			}
		}
	}
	for name, text := range ours {
		if name := templateName(word, name); name != "" {
			seen[name] = strings.Replace(text, notesMark, "", 1)
		}
	}
	return seen
}

// templateName returns the name that the tool expects for one of our templates with this word, or nothing if the word does not use it.
// Ours have the full name of their type (resources/libvirt_rbd_disk.md.tmpl). Those without a type are for all words.
func templateName(word, name string) string {
	folder, file := path.Split(name)
	switch folder {
	case "notes/resources/", "notes/data-sources/", "notes/ephemeral-resources/", "notes/list-resources/", "notes/functions/":
		return ""
	case "guides/", "functions/":
		if word == providerName {
			return name
		}
		return ""
	case "":
		if strings.HasPrefix(file, "index.") && word != providerName {
			return ""
		}
		return name
	}
	if short, ok := strings.CutPrefix(file, word+"_"); ok {
		return folder + short
	}
	return ""
}
