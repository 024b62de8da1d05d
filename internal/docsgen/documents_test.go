package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What the README and the documents for developers name in code spans, code blocks and links exists: paths, make targets, tests and Go
// identifiers, and every other single word somewhere in a file of the repository.
func TestDocumentsNameWhatExists(t *testing.T) {
	there := readRepository(t, filepath.Join("..", ".."))
	names := 0
	for _, document := range []string{
		"README.md", "CONTRIBUTING.md", "internal/DESIGN.md", ".github/SECURITY.md", ".github/PULL_REQUEST_TEMPLATE.md",
	} {
		text, ok := there.files[document]
		if !ok {
			t.Errorf("%s is gone", document)
		}
		spans, commands := namesIn(text)
		for _, span := range spans {
			names++
			if why := there.lacks(span); why != "" {
				t.Errorf("%s: `%s`: %s", document, span, why)
			}
		}
		for _, link := range localLink.FindAllStringSubmatch(text, -1) {
			names++
			if _, ok := there.files[filepath.Join(filepath.Dir(document), link[1])]; !ok {
				t.Errorf("%s: the link to %s leads nowhere", document, link[1])
			}
		}
		for _, command := range commands {
			names++
			if why := there.lacksOf(command); why != "" {
				t.Errorf("%s: %s: %s", document, command, why)
			}
		}
	}
	if names < 150 {
		t.Errorf("only %d names were found: the documents are written in a way that this test does not read", names)
	}
}

// The workflows name each action by the hash of a commit, with the tag behind it, and only targets of make that exist.
func TestWorkflowsNameActionsByHashAndTargetsThatExist(t *testing.T) {
	there := readRepository(t, filepath.Join("..", ".."))
	names := 0
	for file, text := range there.files {
		if !strings.HasPrefix(file, ".github/workflows/") {
			continue
		}
		for _, action := range usedAction.FindAllStringSubmatch(text, -1) {
			names++
			if !strings.HasPrefix(action[1], "./") && !pinnedAction.MatchString(action[1]) {
				t.Errorf("%s: %s is not of the form owner/name@hash # v1.2.3", file, action[1])
			}
		}
		for _, target := range calledTarget.FindAllStringSubmatch(text, -1) {
			names++
			if why := there.lacksOf("make " + target[1]); why != "" {
				t.Errorf("%s: %s: %s", file, target[1], why)
			}
		}
	}
	if names < 15 {
		t.Errorf("only %d names were found: the workflows are written in a way that this test does not read", names)
	}
}

var (
	usedAction   = regexp.MustCompile(`(?m)^\s*(?:- )?uses: (.+)$`)
	pinnedAction = regexp.MustCompile(`^[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	calledTarget = regexp.MustCompile(`(?m)^\s*- (?:target:|run: make) ([a-z-]+)`)
)

var (
	codeBlock  = regexp.MustCompile("(?ms)^```.*?^```")
	codeSpan   = regexp.MustCompile("`([^`\n]+)`")
	localLink  = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	testName   = regexp.MustCompile(`\bTest[A-Z]\w*`)
	makeTarget = regexp.MustCompile(`(?m)^([a-z-]+):`)
	goName     = regexp.MustCompile(`^[A-Za-z0-9]*[a-z][A-Z][A-Za-z0-9]*$`)
	localPath  = regexp.MustCompile(`^(\./)?[\w.*-]+(/[\w.*-]+)*/?$`)
)

// namesIn returns the single words in code spans, and the commands: code spans of several words, and lines of code blocks.
func namesIn(document string) (words, commands []string) {
	for _, block := range codeBlock.FindAllString(document, -1) {
		commands = append(commands, strings.Split(block, "\n")[1:]...)
	}
	for _, found := range codeSpan.FindAllStringSubmatch(codeBlock.ReplaceAllString(document, ""), -1) {
		name, _, assigned := strings.Cut(found[1], "=")
		switch name = strings.TrimSpace(name); {
		case strings.Contains(name, " ") || assigned && name == "":
			commands = append(commands, found[1])
		case !strings.ContainsAny(name, "<>…"):
			words = append(words, name)
		}
	}
	return words, commands
}

// repository is what a document can name.
type repository struct {
	files    map[string]string          // by path
	declared map[string]map[string]bool // names by package, and members by type
	anywhere map[string]bool            // all of them
}

func readRepository(t *testing.T, root string) repository {
	t.Helper()
	r := repository{files: map[string]string{}, declared: map[string]map[string]bool{}, anywhere: map[string]bool{}}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case name == "build" || name == ".git" && entry.IsDir():
			return fs.SkipDir
		case entry.IsDir():
			r.files[name] = ""
			return nil
		}
		text, err := os.ReadFile(path)
		r.files[name] = string(text)
		if err == nil && strings.HasSuffix(name, ".go") {
			err = r.readGo(name, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r repository) readGo(name string, text []byte) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	in := strings.TrimSuffix(file.Name.Name, "_test")
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil {
				r.declare(in, n.Name.Name)
				return false
			}
			kind := n.Recv.List[0].Type
			if pointer, ok := kind.(*ast.StarExpr); ok {
				kind = pointer.X
			}
			if generic, ok := kind.(*ast.IndexExpr); ok {
				kind = generic.X
			}
			if named, ok := kind.(*ast.Ident); ok {
				r.declare(named.Name, n.Name.Name)
			}
			return false
		case *ast.TypeSpec:
			r.declare(in, n.Name.Name)
			ast.Inspect(n.Type, func(member ast.Node) bool {
				if field, ok := member.(*ast.Field); ok {
					for _, name := range field.Names {
						r.declare(n.Name.Name, name.Name)
					}
				}
				return true
			})
			return false
		case *ast.ValueSpec:
			for _, name := range n.Names {
				r.declare(in, name.Name)
			}
			return false
		}
		return true
	})
	return nil
}

func (r repository) declare(in, name string) {
	if r.declared[in] == nil {
		r.declared[in] = map[string]bool{}
	}
	r.declared[in][name] = true
	r.anywhere[name] = true
}

// lacks returns why a word is wrong, or nothing if it is right.
func (r repository) lacks(word string) string {
	call := strings.TrimSuffix(word, "()")
	before, _, dotted := strings.Cut(call, ".")
	switch {
	case localPath.MatchString(word) && r.looksLikePath(word):
		return r.lacksPath(word)
	case strings.HasPrefix(word, "Test") && testName.FindString(word) == word:
		return r.lacksTest(word)
	case goName.MatchString(call):
		return r.lacksGo(call)
	case dotted && r.declared[before] != nil && r.lacksGo(call) == "":
		return ""
	}
	for name, text := range r.files {
		if !strings.HasSuffix(name, ".md") && name != "internal/docsgen/documents_test.go" && strings.Contains(text, word) {
			return ""
		}
	}
	return "no file has this word"
}

func (r repository) looksLikePath(word string) bool {
	first, _, folders := strings.Cut(strings.TrimPrefix(word, "./"), "/")
	_, top := r.files[first]
	return top && folders || slices.Contains([]string{".go", ".md", ".txt", ".tmpl", ".yml", ".tf", ".sh"}, filepath.Ext(word))
}

// lacksPath also accepts a pattern, and the name of a file in any folder.
func (r repository) lacksPath(path string) string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "./"), "/")
	for name := range r.files {
		if match, err := filepath.Match(path, name); err == nil && match || !strings.Contains(path, "/") && filepath.Base(name) == path {
			return ""
		}
	}
	return "there is no such path"
}

func (r repository) lacksGo(name string) string {
	parts := strings.Split(name, ".")
	last := parts[len(parts)-1]
	if len(parts) == 1 && r.anywhere[last] {
		return ""
	}
	if len(parts) > 1 && r.declared[parts[len(parts)-2]][last] {
		return ""
	}
	if _, ours := r.declared[parts[0]]; !ours {
		for file, text := range r.files { // of another module, or of Terraform, libvirt or Ceph
			if strings.HasSuffix(file, ".go") && file != "internal/docsgen/documents_test.go" && strings.Contains(text, name) {
				return ""
			}
		}
	}
	return "nothing has this name"
}

func (r repository) lacksTest(name string) string {
	for declared := range r.anywhere {
		if strings.HasPrefix(declared, name) {
			return ""
		}
	}
	return "there is no such test"
}

// lacksOf returns why a command is wrong: it names something that does not exist.
func (r repository) lacksOf(command string) string {
	command, _, _ = strings.Cut(command, "#")
	for _, test := range testName.FindAllString(command, -1) {
		if why := r.lacksTest(test); why != "" {
			return test + ": " + why
		}
	}
	words := strings.Fields(command)
	for i, word := range words {
		if strings.HasPrefix(word, "./") || strings.HasPrefix(word, "PKG=./") {
			if why := r.lacksPath(strings.TrimPrefix(word, "PKG=")); why != "" && !strings.HasPrefix(word, "./...") {
				return word + ": " + why
			}
		}
		if word != "make" || i > 0 && !strings.Contains(words[i-1], "=") {
			continue
		}
		for _, target := range words[i+1:] {
			known := slices.ContainsFunc(makeTarget.FindAllStringSubmatch(r.files["GNUmakefile"], -1), func(found []string) bool {
				return found[1] == target
			})
			if !known && !strings.Contains(target, "=") && !strings.HasPrefix(target, "-") {
				return "make has no target " + target
			}
		}
	}
	return ""
}
