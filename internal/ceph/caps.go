package ceph

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// capsServices are the services that caps are given for.
var capsServices = []string{"mon", "osd", "mgr", "mds"}

// qualifiers take a value, after "=" or white space.
var qualifiers = []string{
	"pool", "namespace", "object_prefix", "profile", "service", "module", "network", "auid", "fsname",
	"path", "root_squash",
}

// EqualCaps compares caps of one service by meaning: the order of grants, repeated grants, white space, quotes and the
// ways to write the same grant make no difference.
func EqualCaps(a, b string) bool {
	return slices.Equal(grants(a), grants(b))
}

func equalCapsMaps(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for service, text := range a {
		other, ok := b[service]
		if !ok || !EqualCaps(text, other) {
			return false
		}
	}
	return true
}

// ValidateCapsService finds a service that takes no caps, whatever they are. The error is problem.Invalid.
func ValidateCapsService(service string) error {
	if slices.Contains(capsServices, service) {
		return nil
	}
	return invalidCaps(service, fmt.Sprintf("%q takes no capabilities.", service),
		fmt.Sprintf("The services are %s.", strings.Join(capsServices, ", ")))
}

func invalidCaps(service, why, do string) error {
	return &problem.Problem{Kind: problem.Invalid, What: fmt.Sprintf("The caps for %q can't work.", service), Why: why, Do: do}
}

// ValidateCaps finds mistakes that the monitors would refuse, and some that they'd accept without effect. The error is
// problem.Invalid.
func ValidateCaps(service, caps string) error {
	if err := ValidateCapsService(service); err != nil {
		return err
	}
	invalid := func(why, do string) error { return invalidCaps(service, why, do) }
	const form = "Write grants such as `profile rbd pool=vms` or `allow rw pool=vms`, separated by commas."
	if strings.TrimSpace(caps) == "" {
		return invalid("They are empty, which the monitors refuse.", "Leave the service out to give no caps for it.")
	}
	if strings.ContainsAny(caps, "\n\r") {
		return invalid("They contain a line break.", form)
	}
	clauses, closed := splitClauses(caps)
	if !closed {
		return invalid("A quote is not closed.", "Close it.")
	}
	for _, clause := range clauses {
		tokens := tokenise(clause)
		if len(tokens) == 0 {
			continue
		}
		switch first, _, _ := strings.Cut(tokens[0], "="); first {
		case "allow", "profile", "deny":
		default:
			return invalid(fmt.Sprintf("The grant %q begins neither with `allow` nor with `profile`.", strings.TrimSpace(clause)), form)
		}
		if service == "mds" && strings.TrimSpace(caps) == "allow" {
			continue // as users of old clusters have it
		}
		if tokens[len(tokens)-1] == "allow" || tokens[len(tokens)-1] == "profile" {
			return invalid(fmt.Sprintf("The grant %q is not complete.", strings.TrimSpace(clause)), form)
		}
		if pools := countQualifier(tokens, "pool"); pools > 1 {
			return invalid(fmt.Sprintf("The grant %q names %d pools, a grant can have one.", strings.TrimSpace(clause), pools),
				"Write one grant for each pool, separated by commas.")
		}
	}
	return nil
}

func countQualifier(tokens []string, name string) int {
	count := 0
	for _, token := range tokens {
		if token == name || strings.HasPrefix(token, name+"=") {
			count++
		}
	}
	return count
}

// MonProfileRBD tells whether mon caps hold what matters of `profile rbd`: they let a client put another one on the OSD blocklist.
// A guest needs that to take over an image's exclusive lock after its host crashed. Wider caps, such as `allow *` or `allow rw`, have
// it too.
func MonProfileRBD(caps string) bool {
	for _, grant := range grants(caps) {
		grant = withoutNetwork(grant)
		switch grant {
		case "profile rbd", "profile simple-rados-client-with-blocklist", "profile osd", "*",
			"service osd *", "* service osd", `command osd blocklist`, `command osd blacklist`:
			return true
		}
		words := strings.Fields(grant)
		if len(words) == 1 && isAccess(words[0]) && strings.Contains(words[0], "r") && strings.Contains(words[0], "w") {
			return true
		}
		if len(words) == 3 && slices.Contains(words, "osd") && slices.Contains(words, "service") {
			for _, word := range words {
				if isAccess(word) && strings.Contains(word, "r") && strings.Contains(word, "w") {
					return true
				}
			}
		}
	}
	return false
}

// ManagesUsers tells whether mon caps let a client read users and change their caps, whatever its address: without that it can't
// give back to itself what it has lost. Caps that are bound to a network don't count.
func ManagesUsers(caps string) bool {
	reads, changes := false, false
	for _, grant := range grants(caps) {
		switch grant {
		case "*", "rwx", "* service auth", "rwx service auth", "profile role-definer":
			return true
		case "command auth get":
			reads = true
		case "command auth caps":
			changes = true
		}
	}
	return reads && changes
}

// IncludesCaps tells whether caps of one service have every grant of the former ones, by meaning.
func IncludesCaps(caps, former string) bool {
	present := grants(caps)
	return !slices.ContainsFunc(grants(former), func(grant string) bool { return !slices.Contains(present, grant) })
}

// grants returns the normal form of each grant, sorted, each once.
func grants(caps string) []string {
	clauses, _ := splitClauses(caps)
	var list []string
	for _, clause := range clauses {
		if tokens := tokenise(clause); len(tokens) > 0 {
			list = append(list, normalGrant(tokens))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// normalGrant drops "allow", joins qualifiers with their values and puts the parts in one order. Commands keep theirs:
// their arguments belong together.
func normalGrant(tokens []string) string {
	if tokens[0] == "allow" {
		tokens = tokens[1:]
	}
	var parts []string
	for i := 0; i < len(tokens); i++ {
		name, value, assigned := strings.Cut(tokens[i], "=")
		switch {
		case name == "command":
			return strings.Join(append(parts, strings.ReplaceAll(strings.Join(tokens[i:], " "), "command=", "command ")), " ")
		case name == "tag" && i+2 < len(tokens):
			parts = append(parts, word(tokens[i])+" "+word(tokens[i+1])+" "+word(tokens[i+2]))
			i += 2
		case slices.Contains(qualifiers, name) && assigned:
			parts = append(parts, name+" "+word(value))
		case slices.Contains(qualifiers, name) && i+1 < len(tokens) && name != "root_squash":
			parts = append(parts, name+" "+word(tokens[i+1]))
			i++
		default:
			parts = append(parts, normalAccess(word(tokens[i])))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// word quotes what would not be one word among others.
func word(text string) string {
	if text == "" || strings.ContainsAny(text, " \t\"") {
		return strconv.Quote(text)
	}
	return text
}

func isAccess(token string) bool {
	return token != "" && strings.Trim(token, "rwx") == ""
}

func normalAccess(token string) string {
	switch {
	case token == "all":
		return "*"
	case !isAccess(token):
		return token
	}
	var out strings.Builder
	for _, letter := range "rwx" {
		if strings.ContainsRune(token, letter) {
			out.WriteRune(letter)
		}
	}
	return out.String()
}

// groupList is the end of a grant of the MDS that names groups of users by their numbers: the commas between them divide no grants.
var groupList = regexp.MustCompile(`\bgids=\d+(,\d+)*$`)

// splitClauses cuts caps at commas and semicolons outside of quotes, and tells whether all quotes are closed.
func splitClauses(caps string) (clauses []string, closed bool) {
	var quote rune
	start := 0
	for i, r := range caps {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == ',' && startsWithDigit(caps[i+1:]) && groupList.MatchString(caps[start:i]):
		case r == ',' || r == ';':
			clauses = append(clauses, caps[start:i])
			start = i + 1
		}
	}
	return append(clauses, caps[start:]), quote == 0
}

func startsWithDigit(text string) bool { return text != "" && text[0] >= '0' && text[0] <= '9' }

// tokenise cuts a clause at white space outside of quotes, drops the quotes and the white space around "=".
func tokenise(clause string) []string {
	var (
		tokens            []string
		token             strings.Builder
		quote             rune
		inside, assigning bool
	)
	end := func() {
		if inside {
			tokens = append(tokens, token.String())
			token.Reset()
			inside = false
		}
	}
	for _, r := range clause {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			token.WriteRune(r)
		case r == '"' || r == '\'':
			quote, inside, assigning = r, true, false
		case r == ' ' || r == '\t':
			if !assigning {
				end()
			}
		default:
			if assigning = r == '='; assigning && !inside && len(tokens) > 0 {
				token.WriteString(tokens[len(tokens)-1])
				tokens = tokens[:len(tokens)-1]
			}
			token.WriteRune(r)
			inside = true
		}
	}
	end()
	return tokens
}
