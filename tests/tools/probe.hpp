// What the parts of probe share.
#pragma once

// What follows the verb, ended by a null pointer.
using Words = char**;

int number(const char* text);

// The verbs by which it says that it is ready.
int say_newline(Words words);
int notify(Words words);
int lock_self(Words words);
int reap_all(Words words);
