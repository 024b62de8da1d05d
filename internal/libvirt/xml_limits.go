package libvirt

import (
	"encoding/xml"
	"errors"
	"strings"
)

// Limits of a document from a daemon, far above what libvirt makes. The decoders call themselves for each level, and make of each element
// something many times its size.
const (
	deepestXML = 1000
	largestXML = 200_000 // elements
)

var errXMLTooLarge = errors.New("the XML has more elements, or deeper ones, than libvirt makes")

// unmarshalXML decodes a document that came from a daemon.
func unmarshalXML(document string, into interface{ Unmarshal(string) error }) error {
	if err := checkXML(document); err != nil {
		return err
	}
	return into.Unmarshal(document)
}

// checkXML refuses what would take too much memory to decode, and declarations, among them those of entities, which libvirt doesn't make.
// What isn't well-formed may pass.
func checkXML(document string) error {
	depth, elements := 0, 0
	for {
		start := strings.IndexByte(document, '<')
		if start < 0 {
			return nil
		}
		document = document[start:]
		end := ">"
		switch {
		case strings.HasPrefix(document, "<!--"):
			document, end = document[len("<!--"):], "-->"
		case strings.HasPrefix(document, "<![CDATA["):
			end = "]]>"
		case strings.HasPrefix(document, "<?"):
			end = "?>"
		case strings.HasPrefix(document, "<!"):
			return &xml.SyntaxError{Msg: "a declaration, which libvirt does not write"}
		case strings.HasPrefix(document, "</"):
			depth--
		default:
			elements++
			depth++
			var empty bool
			if document, empty = afterTag(document); empty {
				depth--
			}
			if depth > deepestXML || elements > largestXML {
				return errXMLTooLarge
			}
			continue
		}
		_, rest, found := strings.Cut(document, end)
		if !found {
			return nil // not well-formed, which the decoder will say
		}
		document = rest
	}
}

// afterTag is what follows a start tag, and whether that was an element without an end tag of its own.
func afterTag(document string) (rest string, empty bool) {
	for i := 1; i < len(document); i++ {
		switch c := document[i]; c {
		case '"', '\'':
			length := strings.IndexByte(document[i+1:], c)
			if length < 0 {
				return "", false
			}
			i += 1 + length
		case '>':
			return document[i+1:], document[i-1] == '/'
		}
	}
	return "", false
}
