"""What a timeline can do: one file a verb, each with its ``Step``, the keys that it takes."""
