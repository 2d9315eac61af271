// It does not parse.

export const handler = async ( => 1;
