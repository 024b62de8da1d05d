// Package stubs lets a binary start where Ceph's libraries are not: it stands in for librados and librbd when the provider is linked, and
// loads them on first use. That is so in a build with the tag stubs; any other is linked with the libraries themselves.
package stubs
