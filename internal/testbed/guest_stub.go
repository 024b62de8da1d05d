package testbed

const consoleFolder = "console"
