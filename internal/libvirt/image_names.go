package libvirt

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// fileNames are names by which files stand for RBD images: QEMU's rbd: and the devices of the kernel's RBD client, each followed by
// the image, perhaps its snapshot, and options.
var fileNames = regexp.MustCompile(`(?:\brbd:|` + kernelDevices + `)([^/@:,"'\s]+(?:/[^/@:,"'\s]+){1,2})(?:@([^/@:,"'\s]+))?`)

// kernelDevices is the folder of the devices of the kernel's RBD client.
const kernelDevices = "/dev/rbd/"

// partition is what ends the name of a device that is a partition of another one.
var partition = regexp.MustCompile(`-part[0-9]+$`)

// wholeOf is the image, or the snapshot, of which a device of the kernel's RBD client may be a partition: the name doesn't tell that from
// an image that is called so.
func wholeOf(named namedImage) []namedImage {
	whole := named
	if named.snapshot != "" {
		whole.snapshot = partition.ReplaceAllString(named.snapshot, "")
	} else {
		whole.image = partition.ReplaceAllString(named.image, "")
	}
	if whole.image == named.image && whole.snapshot == named.snapshot {
		return nil
	}
	return []namedImage{whole}
}

// imagesInText are the RBD images in a file name or in an argument of QEMU. It is cautious: what looks like one is one.
//
// Similar to: -drive file=rbd:POOL/IMAGE; -blockdev driver=rbd,pool=POOL,image=IMAGE, or the same as JSON.
func imagesInText(text string) []namedImage {
	if !strings.Contains(text, "rbd") {
		return nil
	}
	var images []namedImage
	for _, match := range fileNames.FindAllStringSubmatch(text, -1) {
		named := namedImage{image: match[1], snapshot: match[2]}
		images = append(images, named)
		if strings.HasPrefix(match[0], kernelDevices) {
			images = append(images, wholeOf(named)...)
		}
	}
	if start := strings.IndexByte(text, '{'); start >= 0 {
		var value any
		if json.NewDecoder(strings.NewReader(text[start:])).Decode(&value) == nil {
			options := map[string]string{}
			flatten("", value, options)
			return append(images, imagesInOptions(options)...)
		}
	}
	options := map[string]string{}
	for _, option := range strings.Split(text, ",") {
		if key, value, ok := strings.Cut(option, "="); ok {
			options[key] = value
		}
	}
	return append(images, imagesInOptions(options)...)
}

// longestOption is far longer than the option of the deepest backing chain that QEMU opens. Without a limit the names of options that are
// nested deeply take many times the memory of their text.
const longestOption = 2048

// flatten writes nested options as QEMU does, file.pool for the pool of the file.
func flatten(prefix string, value any, options map[string]string) {
	if len(prefix) > longestOption {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			flatten(prefix+key+".", v[key], options)
		}
	case string:
		options[strings.TrimSuffix(prefix, ".")] = v
	}
}

func imagesInOptions(options map[string]string) []namedImage {
	var images []namedImage
	for _, key := range slices.Sorted(maps.Keys(options)) {
		prefix, ok := strings.CutSuffix(key, "driver")
		if !ok || options[key] != "rbd" || options[prefix+"image"] == "" {
			continue
		}
		image := options[prefix+"pool"] + "/"
		if namespace := options[prefix+"namespace"]; namespace != "" {
			image += namespace + "/"
		}
		images = append(images, namedImage{image: image + options[prefix+"image"], snapshot: options[prefix+"snapshot"]})
	}
	return images
}
