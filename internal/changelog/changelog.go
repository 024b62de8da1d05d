// Package changelog reads CHANGELOG.md, whose sections are the texts of the releases.
package changelog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-version"
)

// Unreleased is the heading of what the next release brings.
const Unreleased = "Unreleased"

// groups are the headings within a section, in their order.
var groups = []string{"UPGRADE NOTES", "FEATURES", "SAFETY", "IMPROVEMENTS", "BUG FIXES"}

var (
	releaseHeading = regexp.MustCompile(`^(\S+) \((\S+)\)$`)
	// An entry names what it is about, and several of a kind once: data-source/ceph_pools, ceph_users: new.
	entry = regexp.MustCompile(`^- ` + subject + `(, (` + subject + `|[a-z_]+))*: \S.*[^.]$`)
)

const subject = `((resource|data-source|list-resource|ephemeral|function)/[a-z_]+|provider|testbed|documentation|examples/[a-z-]+)`

// Section is what one release brings, or the next one.
type Section struct {
	// Name is the release's version, or [Unreleased].
	Name string
	// Text is the section without its heading.
	Text string
}

// Parse returns the sections of a changelog, the newest first, or an error that names the first line that is not as it has to be.
func Parse(text string) ([]Section, error) {
	_, body, _ := strings.Cut(text, "\n## ")
	if body == "" || !strings.HasPrefix(text, "# Changelog\n") {
		return nil, fmt.Errorf("the changelog has to begin with # Changelog, and its first section with ## %s", Unreleased)
	}
	var sections []Section
	var last *version.Version
	for i, part := range strings.Split(body, "\n## ") {
		heading, content, _ := strings.Cut(part, "\n")
		section := Section{Name: Unreleased, Text: strings.TrimSpace(content)}
		if i == 0 && heading != Unreleased {
			return nil, fmt.Errorf("the first section is ## %s, not ## %s", heading, Unreleased)
		}
		if i > 0 {
			number, err := release(heading)
			if err != nil {
				return nil, err
			}
			if last != nil && !number.LessThan(last) {
				return nil, fmt.Errorf("## %s stands below %s, which is not newer", heading, last)
			}
			section.Name, last = number.String(), number
		}
		if err := check(section.Text, i == 0); err != nil {
			return nil, fmt.Errorf("## %s: %w", heading, err)
		}
		sections = append(sections, section)
	}
	return sections, nil
}

// release returns the version that a heading names.
func release(heading string) (*version.Version, error) {
	found := releaseHeading.FindStringSubmatch(heading)
	if found == nil {
		return nil, fmt.Errorf("## %s is not of the form ## 1.2.3 (2026-12-31)", heading)
	}
	if _, err := time.Parse(time.DateOnly, found[2]); err != nil {
		return nil, fmt.Errorf("## %s: %w", heading, err)
	}
	number, err := version.NewSemver(found[1])
	if err == nil && number.String() != found[1] {
		err = fmt.Errorf("the version is written as %s", number)
	}
	if err != nil {
		return nil, fmt.Errorf("## %s: %w", heading, err)
	}
	return number, nil
}

// check returns why a section's text is not made of groups of entries.
func check(text string, empty bool) error {
	if text == "" && !empty {
		return fmt.Errorf("there is no entry")
	}
	last, entries := -1, 1
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		group := slices.Index(groups, line)
		switch {
		case line == "":
		case group >= 0 && (group <= last || entries == 0):
			return fmt.Errorf("%s is empty, or not in the order %s", line, strings.Join(groups, ", "))
		case group >= 0:
			last, entries = group, 0
		case last < 0:
			return fmt.Errorf("%q stands before the first of %s", line, strings.Join(groups, ", "))
		case !entry.MatchString(line):
			return fmt.Errorf("%q is not of the form - resource/ceph_pool: what changed, without a full stop", line)
		default:
			entries++
		}
	}
	if entries == 0 {
		return fmt.Errorf("%s is empty", groups[last])
	}
	return nil
}

// Notes returns the text of one release, by its version or by its tag.
func Notes(text, name string) (string, error) {
	sections, err := Parse(text)
	if err != nil {
		return "", err
	}
	name = strings.TrimPrefix(name, "v")
	i := slices.IndexFunc(sections, func(s Section) bool { return s.Name == name })
	if i < 0 {
		return "", fmt.Errorf("the changelog has no section of %s: before a release, ## %s becomes ## %s (with the date), below a new one",
			name, Unreleased, name)
	}
	return sections[i].Text, nil
}
